using System.Runtime.CompilerServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>What is known of a place, and what it becomes.</summary>
internal struct PlaceState
{
    public bool IsRead;
    public bool IsChanged;
    public object? Original;
    public object? Value;
    public object? Result;

    /// <summary>The result by its bytes, which stand in those of the pass; <see cref="PlainOutcome.Unsure"/> for an object.</summary>
    public PlainOutcome Written;
    public int From;
    public int To;
}

/// <summary>
/// Decides a whole record by its bytes, without an object or a string, where every operator is sure of every place that it
/// concerns: each place has one operator, none lies within another, and latitude and longitude are members of the same
/// object. Else it says so, and the record is for the operators over objects. Not for concurrent use.
/// </summary>
internal sealed class PlainPass
{
    private readonly ILineFormat format;
    private readonly Role[] roles;
    private readonly OpenPair[] pairs;
    private readonly PieceWriter results = new(256);

    private PlainPass(ILineFormat format, FieldUses uses)
    {
        this.format = format;
        roles = new Role[uses.Names.Count];
        foreach (var (@operator, names) in uses.All)
        {
            var pair = @operator is LocationGrid grid ? new OpenPair(grid) : null;
            for (var part = 0; part < names.Length; part++)
            {
                roles[names[part]] = new Role(@operator as IValueOperator, @operator.TakesWhole, pair, part);
            }
        }

        pairs = [.. roles.Select(role => role.Pair).OfType<OpenPair>().Distinct()];
    }

    /// <summary>What the places became, one behind the other.</summary>
    public PieceWriter Results => results;

    /// <summary>Null where a field has more than one operator: each works on what the one before it made.</summary>
    public static PlainPass? Of(ILineFormat format, FieldUses uses) =>
        uses.All.Sum(use => use.Names.Length) == uses.Names.Count ? new PlainPass(format, uses) : null;

    /// <summary>Whether it was sure of all; else what it left in the states is worthless.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryRun(ReadOnlySpan<byte> record, ReadOnlySpan<FieldPlace> found, Span<PlaceState> states)
    {
        results.Reset();
        foreach (var pair in pairs)
        {
            (pair.First, pair.LastOwner) = (-1, int.MinValue);
        }

        var end = 0;
        for (var place = 0; place < found.Length; place++)
        {
            ref readonly var one = ref found[place];
            if (one.Names.Only < 0)
            {
                return false;
            }

            ref readonly var role = ref roles[one.Names.Only];
            if (role.TakesWhole ? !one.Names.IsHere : one.IsList)
            {
                continue;
            }

            if (one.Start < end || !(role.Pair is null
                ? TryAlone(role, record, one, ref states[place])
                : TryPair(role, record, found, place, states)))
            {
                return false;
            }

            end = one.End;
        }

        foreach (var pair in pairs)
        {
            if (pair.First >= 0)
            {
                return false;
            }
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TryAlone(in Role role, ReadOnlySpan<byte> record, in FieldPlace one, ref PlaceState state)
    {
        var kind = format.Plain(record[one.Start..one.End], out var text);
        var from = results.Length;
        var outcome = role.Alone is null || kind is PlainKind.Unsure ? PlainOutcome.Unsure : role.Alone.Change(kind, text, results);
        if (outcome is PlainOutcome.Dropped && one.Owner < 0)
        {
            // It leaves a gap, which may be there already.
            outcome = kind is PlainKind.Nothing ? PlainOutcome.Kept : PlainOutcome.Nothing;
        }

        if (outcome is not (PlainOutcome.Kept or PlainOutcome.Unsure))
        {
            (state.IsChanged, state.Written, state.From, state.To) = (true, outcome, from, results.Length);
            if (outcome is PlainOutcome.Dropped)
            {
                state.Result = DroppedField.Value;
            }
        }

        return outcome is not PlainOutcome.Unsure;
    }

    /// <summary>The first of two fields waits for the other, which is the next of the two, in the same object.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TryPair(in Role role, ReadOnlySpan<byte> record, ReadOnlySpan<FieldPlace> found, int place, Span<PlaceState> states)
    {
        var pair = role.Pair!;
        if (pair.First < 0)
        {
            (pair.First, pair.FirstPart) = (place, role.Part);
            return true;
        }

        var (latitude, longitude) = role.Part == 0 ? (place, pair.First) : (pair.First, place);
        ref readonly var north = ref found[latitude];
        ref readonly var east = ref found[longitude];
        if (pair.FirstPart == role.Part || north.Owner != east.Owner || north.Owner <= pair.LastOwner)
        {
            return false;
        }

        (pair.First, pair.LastOwner) = (-1, north.Owner);
        var northKind = format.Plain(record[north.Start..north.End], out var northText);
        var eastKind = format.Plain(record[east.Start..east.End], out var eastText);
        if (northKind is PlainKind.Nothing && eastKind is PlainKind.Nothing)
        {
            return true;
        }

        if (northKind is not (PlainKind.Number or PlainKind.Text) || eastKind is not (PlainKind.Number or PlainKind.Text)
            || !PlainNumber.TryRead(northText, out var x) || !PlainNumber.TryRead(eastText, out var y)
            || !(Math.Abs(x) <= 90) || !(Math.Abs(y) <= 180))
        {
            return false;
        }

        var centre = pair.Grid.CentreOf(x, y);
        return TrySet(ref states[latitude], centre.Latitude, northKind is PlainKind.Number && x == centre.Latitude, northText)
            && TrySet(ref states[longitude], centre.Longitude, eastKind is PlainKind.Number && y == centre.Longitude, eastText);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TrySet(ref PlaceState state, double value, bool isSame, ReadOnlySpan<byte> text)
    {
        var from = results.Length;
        var space = results.GetSpan(PlainNumber.Longest);
        if (!PlainNumber.TryWrite(value, space, out var length))
        {
            return false;
        }

        if (!isSame && !space[..length].SequenceEqual(text))
        {
            results.Advance(length);
            (state.IsChanged, state.Written, state.From, state.To) = (true, PlainOutcome.Number, from, from + length);
        }

        return true;
    }

    /// <summary>What is done with a name.</summary>
    private readonly record struct Role(IValueOperator? Alone, bool TakesWhole, OpenPair? Pair, int Part);

    private sealed class OpenPair(LocationGrid grid)
    {
        public LocationGrid Grid { get; } = grid;

        /// <summary>The place that waits for its partner, or -1.</summary>
        public int First { get; set; } = -1;

        public int FirstPart { get; set; }

        /// <summary>Of a second pair in the same object each half would have two partners.</summary>
        public int LastOwner { get; set; }
    }
}
