using System.Buffers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Anonymises JSON documents by path: dots lead into objects, a list stands for each of its entries (<c>tags</c>), a
/// number for one of them (<c>coordinates.0</c>), <c>*</c> for each member or entry (<c>address.*</c>). What no operator
/// changes is copied byte for byte: unknown fields, the digits of numbers, blanks. Safe for concurrent use.
/// </summary>
public sealed class DocumentAnonymiser
{
    private const int UsualDocument = 4096;
    private readonly FieldUses uses;
    private readonly JsonPaths paths;
    private Workplace? spare;

    /// <summary>Operators, applied in this order.</summary>
    public DocumentAnonymiser(IReadOnlyList<IFieldOperator> operators)
    {
        uses = new FieldUses(operators);
        paths = new JsonPaths(uses.Names);
    }

    /// <summary>
    /// Writes the document as the operators leave it, and returns how many values were changed. Throws
    /// <see cref="UnreadableContentException"/> (<c>not-json</c>) for bytes that are no JSON value (RFC 8259).
    /// </summary>
    public int Rewrite(ReadOnlySpan<byte> document, IBufferWriter<byte> output)
    {
        if (uses.All.Length == 0)
        {
            output.Write(document);
            return 0;
        }

        var place = Interlocked.Exchange(ref spare, null)
            ?? new Workplace(new FieldEditor(new JsonFields(paths, JsonFields.NoDocument), uses), new PieceWriter(UsualDocument));
        place.Made.Reset();
        var changed = place.Editor.Rewrite(document, place.Made);
        output.Write(changed == 0 ? document : place.Made.Written.Span);
        spare = place;
        return changed;
    }

    /// <summary>What works on one document at a time.</summary>
    private sealed record Workplace(FieldEditor Editor, PieceWriter Made);
}
