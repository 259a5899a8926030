using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>Operators with the numbers of the names that they have. Immutable.</summary>
internal sealed class FieldUses
{
    public FieldUses(IReadOnlyList<IFieldOperator> operators)
    {
        var names = operators.SelectMany(use => use.Names).Distinct(StringComparer.Ordinal).ToList();
        (Names, All) = (names, [.. operators.Select(use => (use, use.Names.Select(name => names.IndexOf(name)).ToArray()))]);
    }

    /// <summary>Each name once.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>In their order.</summary>
    public (IFieldOperator Operator, int[] Names)[] All { get; }
}

/// <summary>
/// Operators over one record after the other, in their order, each on what the ones before it made. What they do not
/// change is copied byte for byte. Not for concurrent use.
/// </summary>
/// <param name="plain">Decides most records by their bytes; null to decide none so.</param>
internal sealed class FieldEditor(ILineFormat format, FieldUses uses, PlainPass? plain)
{
    private readonly List<FieldPlace> found = [];
    private readonly Dictionary<string, object?> together = new(StringComparer.Ordinal);
    private readonly Dictionary<int, int> gone = [];
    private PlaceState[] states = new PlaceState[16];

    public FieldEditor(ILineFormat format, FieldUses uses)
        : this(format, uses, PlainPass.Of(format, uses))
    {
    }

    /// <summary>How many values were changed. Writes the record only where any was.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Rewrite(ReadOnlySpan<byte> record, PieceWriter output)
    {
        found.Clear();
        format.Find(record, found);
        if (found.Count == 0)
        {
            return 0;
        }

        if (states.Length < found.Count)
        {
            states = new PlaceState[2 * found.Count];
        }

        Array.Clear(states, 0, found.Count);
        if (plain is not null && plain.TryRun(record, CollectionsMarshal.AsSpan(found), states))
        {
            return Copy(record, output);
        }

        Array.Clear(states, 0, found.Count);
        foreach (var (@operator, names) in uses.All)
        {
            if (@operator is IValueOperator alone)
            {
                Change(record, alone, names[0]);
            }
            else
            {
                ChangeTogether(record, @operator, names);
            }
        }

        return Copy(record, output);
    }

    private void Change(ReadOnlySpan<byte> record, IValueOperator @operator, int name)
    {
        for (var place = 0; place < found.Count; place++)
        {
            if (Concerns(place, name, @operator.TakesWhole))
            {
                Set(place, @operator.Change(Current(record, place)));
            }
        }
    }

    /// <summary>Fields that belong together are siblings, or the second is further out, or each is the only one.</summary>
    private void ChangeTogether(ReadOnlySpan<byte> record, IFieldOperator @operator, int[] names)
    {
        var partnered = new HashSet<int>();
        var count = Enumerable.Range(0, found.Count).Count(place => Concerns(place, names[0], whole: false));
        for (var place = 0; place < found.Count; place++)
        {
            if (Concerns(place, names[0], whole: false))
            {
                int[] places = [place, .. names.Skip(1).Select(name => PartnerOf(place, name, count == 1))];
                partnered.UnionWith(places);
                Apply(record, @operator, places);
            }
        }

        for (var place = 0; place < found.Count; place++)
        {
            for (var name = 1; name < names.Length; name++)
            {
                if (!partnered.Contains(place) && Concerns(place, names[name], whole: false))
                {
                    Apply(record, @operator, [.. Enumerable.Range(0, names.Length).Select(other => other == name ? place : -1)]);
                }
            }
        }
    }

    private void Apply(ReadOnlySpan<byte> record, IFieldOperator @operator, int[] places)
    {
        together.Clear();
        for (var name = 0; name < places.Length; name++)
        {
            if (places[name] >= 0)
            {
                together[@operator.Names[name]] = Current(record, places[name]);
            }
        }

        foreach (var (field, value) in @operator.Apply(together).ToList())
        {
            for (var name = 0; name < places.Length; name++)
            {
                if (places[name] >= 0 && @operator.Names[name] == field)
                {
                    Set(places[name], value);
                }
            }
        }
    }

    private int PartnerOf(int place, int name, bool isOnly)
    {
        for (var owner = found[place].Owner; ; owner = format.OwnerOf(owner))
        {
            for (var other = 0; other < found.Count; other++)
            {
                if (found[other].Owner == owner && other != place && Concerns(other, name, whole: false))
                {
                    return other;
                }
            }

            if (owner < 0)
            {
                break;
            }
        }

        var candidates = Enumerable.Range(0, found.Count).Where(other => Concerns(other, name, whole: false)).ToList();
        return isOnly && candidates.Count == 1 ? candidates[0] : -1;
    }

    private bool Concerns(int place, int name, bool whole)
    {
        ref readonly var one = ref CollectionsMarshal.AsSpan(found)[place];
        return whole ? one.Names.Here.Contains(name)
            : !one.IsList && (one.Names.Here.Contains(name) || one.Names.Inside.Contains(name));
    }

    private object? Current(ReadOnlySpan<byte> record, int place)
    {
        ref var state = ref states[place];
        if (!state.IsRead)
        {
            (state.IsRead, state.Original) = (true, format.Read(record[found[place].Start..found[place].End]));
            state.Value = state.Original;
        }

        return state.Value;
    }

    private void Set(int place, object? value)
    {
        ref var state = ref states[place];
        if (!IsSame(state.Value, value, found[place].Owner < 0))
        {
            (state.IsChanged, state.Result, state.Value) = (true, value, value is DroppedField ? null : value);
        }
    }

    /// <summary>Whether it would be written as it stands: a number that was read as text, a gap that is one already.</summary>
    private static bool IsSame(object? was, object? value, bool leavesGap) =>
        Equals(was, value) || (was is string text && value is double && DelimitedText.Text(value) == text)
        || (was is null && value is DroppedField && leavesGap);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Copy(ReadOnlySpan<byte> record, PieceWriter output)
    {
        var (copied, changed) = (0, 0);
        gone.Clear();
        for (var place = 0; place < found.Count; place++)
        {
            ref readonly var one = ref CollectionsMarshal.AsSpan(found)[place];
            ref readonly var state = ref states[place];
            if (!state.IsChanged || one.Start < copied
                || (state.Written is PlainOutcome.Unsure && IsSame(state.Original, state.Result, one.Owner < 0)))
            {
                // Changed and changed back; or it lies in what was replaced or dropped.
                continue;
            }

            changed++;
            if (state.Result is not DroppedField || one.Owner < 0)
            {
                output.Write(record[copied..one.Start]);
                Write(state, record[one.Start..one.End], output);
                copied = one.End;
                continue;
            }

            // A comma goes along: the one before it where a member before it stays, else the one behind it.
            var before = gone.GetValueOrDefault(one.Owner);
            gone[one.Owner] = before + 1;
            var keptBefore = one.Ordinal > before;
            output.Write(record[copied..Math.Max(copied, keptBefore ? one.BeforeEnd : one.MemberStart)]);
            copied = keptBefore || one.NextStart == 0 ? one.End : one.NextStart;
        }

        if (changed > 0)
        {
            output.Write(record[copied..]);
        }

        return changed;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Write(in PlaceState state, ReadOnlySpan<byte> was, PieceWriter output)
    {
        if (state.Written is PlainOutcome.Unsure)
        {
            format.Write(state.Result is DroppedField ? null : state.Result, was, output);
        }
        else
        {
            format.WritePlain(state.Written, plain!.Results[state.From..state.To], was, output);
        }
    }
}
