namespace RetentionPipeline.Core.Anonymisation;

/// <summary>Changes fields of a record. Pure, and idempotent unless it says otherwise.</summary>
public interface IFieldOperator
{
    /// <summary>
    /// The field that it is about, and behind it those that it changes or reads along. In JSON these are paths.
    /// </summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Whether a list goes as a whole; else each of its entries is changed.</summary>
    bool TakesWhole { get; }

    /// <summary>The fields to change, with their new values; <see cref="DroppedField"/> for one that goes.</summary>
    IEnumerable<KeyValuePair<string, object?>> Apply(IReadOnlyDictionary<string, object?> fields);
}

/// <summary>A field that goes, as against one that is set to null.</summary>
public sealed record DroppedField
{
    /// <summary>The only value.</summary>
    public static readonly DroppedField Value = new();

    private DroppedField()
    {
    }
}

/// <summary>An object or a list where a value is expected: no operator reads it, and it may be dropped or replaced.</summary>
internal sealed record NestedValue
{
    public static readonly NestedValue Value = new();

    private NestedValue()
    {
    }
}

/// <summary>An operator over one field alone.</summary>
internal interface IValueOperator : IFieldOperator
{
    /// <summary>What a value becomes; <see cref="DroppedField"/> where it goes.</summary>
    object? Change(object? value);

    /// <summary>The same of a value's bytes (<see cref="PlainChange"/>), which may be nothing here.</summary>
    PlainOutcome Change(PlainKind kind, ReadOnlySpan<byte> text, PieceWriter result);
}

/// <summary>A function of one field's value. A field that is missing or null stays so.</summary>
internal sealed class OneField(string field, Func<object, object?> change) : IValueOperator
{
    public IReadOnlyList<string> Names { get; } = [field];

    public bool TakesWhole { get; init; }

    /// <summary>The same function over bytes; null where there is none.</summary>
    public PlainChange? Plain { get; init; }

    public object? Change(object? value) => value is null ? null : change(value);

    public PlainOutcome Change(PlainKind kind, ReadOnlySpan<byte> text, PieceWriter result) =>
        kind is PlainKind.Nothing ? PlainOutcome.Kept : Plain is null ? PlainOutcome.Unsure : Plain(kind, text, result);

    public IEnumerable<KeyValuePair<string, object?>> Apply(IReadOnlyDictionary<string, object?> fields)
    {
        if (fields.TryGetValue(field, out var value) && value is not null)
        {
            var changed = change(value);
            if (!Equals(changed, value))
            {
                yield return new(field, changed);
            }
        }
    }
}

/// <summary><c>remove</c>: the field goes, with its name.</summary>
internal sealed class Removal(string field) : IValueOperator
{
    public IReadOnlyList<string> Names { get; } = [field];

    public bool TakesWhole => true;

    public object? Change(object? value) => DroppedField.Value;

    public PlainOutcome Change(PlainKind kind, ReadOnlySpan<byte> text, PieceWriter result) => PlainOutcome.Dropped;

    public IEnumerable<KeyValuePair<string, object?>> Apply(IReadOnlyDictionary<string, object?> fields) =>
        fields.ContainsKey(field) ? [new(field, DroppedField.Value)] : [];
}
