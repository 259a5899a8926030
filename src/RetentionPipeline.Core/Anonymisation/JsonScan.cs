using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Finds the wanted places of one JSON value (RFC 8259) in a single walk over its bytes that checks every byte of it: what
/// no path selects is stepped over, and still has to be JSON. Sure of what nearly all JSON is; an escape in a member's
/// name, great depth and whatever is no JSON it leaves to the reader behind <see cref="JsonFields"/>. The two agree
/// wherever this one is sure.
/// </summary>
internal ref struct JsonScan
{
    private readonly List<FieldPlace> found;
    private readonly List<int> owners;
    private JsonSteps steps;

    private JsonScan(ReadOnlySpan<byte> record, List<FieldPlace> found, List<int> owners)
    {
        steps = new JsonSteps(record);
        (this.found, this.owners) = (found, owners);
    }

    /// <summary>Adds the places of a value that is alone in the record. Where it is unsure, what it added is worthless.</summary>
    public static bool TryFind(ReadOnlySpan<byte> record, PathNode root, List<FieldPlace> found, List<int> owners)
    {
        var scan = new JsonScan(record, found, owners);
        scan.steps.Blanks();
        if (!scan.Value(root, -1, 0, 0, 0, 0))
        {
            return false;
        }

        scan.steps.Blanks();
        return scan.steps.At == record.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool Value(PathNode node, int owner, int ordinal, int before, int start, int depth)
    {
        var first = steps.Here();
        var place = -1;
        if (node.Names is { } names)
        {
            place = found.Count;
            found.Add(new FieldPlace(names, steps.At, 0)
            {
                Owner = owner,
                Ordinal = ordinal,
                BeforeEnd = before,
                MemberStart = start,
                IsList = first == '[',
            });
        }

        var isWalked = (first == '[' && node.HasEntries) || (first == '{' && node.HasMembers);
        if (!(isWalked ? Members(node, owner, depth + 1) : steps.Skip(depth)))
        {
            return false;
        }

        if (place >= 0)
        {
            CollectionsMarshal.AsSpan(found)[place].End = steps.At;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool Members(PathNode node, int owner, int depth)
    {
        var isObject = steps.Here() == '{';
        var close = isObject ? (byte)'}' : (byte)']';
        var self = owners.Count;
        owners.Add(owner);
        steps.At++;
        steps.Blanks();
        if (steps.Here() == close || depth > JsonSteps.MaxDepth)
        {
            steps.At++;
            return depth <= JsonSteps.MaxDepth;
        }

        var (before, waiting) = (0, -1);
        for (var ordinal = 0; ; ordinal++)
        {
            var start = steps.At;
            if (waiting >= 0)
            {
                CollectionsMarshal.AsSpan(found)[waiting].NextStart = start;
            }

            if (isObject && !steps.Name())
            {
                return false;
            }

            var next = isObject ? node.Member(steps.NameFrom(start)) : node.Entry(ordinal);
            waiting = next?.Names is null ? -1 : found.Count;
            if (!(next is null ? steps.Skip(depth) : Value(next, self, ordinal, before, start, depth)))
            {
                return false;
            }

            before = steps.At;
            steps.Blanks();
            var behind = steps.Here();
            steps.At++;
            if (behind != ',')
            {
                return behind == close;
            }

            steps.Blanks();
        }
    }
}
