using System.Buffers;
using System.Text;
using System.Text.Json;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Policies;

/// <summary>How many records of a sample look alike once a rule has acted: numbers only, never a value.</summary>
/// <param name="SampleSize">Records of the sample.</param>
/// <param name="Groups">Different combinations of the quasi-identifiers.</param>
/// <param name="K">Records of the smallest group: k-anonymity (Samarati and Sweeney 1998).</param>
/// <param name="Sizes">Groups by their number of records.</param>
public sealed record AnonymityReport(long SampleSize, long Groups, long K, IReadOnlyDictionary<long, long> Sizes)
{
    /// <summary>Records in groups smaller than k.</summary>
    public long Below(long k) => Sizes.Where(size => size.Key < k).Sum(size => size.Key * size.Value);
}

/// <summary>A line of a sample cannot be read. Nothing of it is in the message.</summary>
public sealed class SampleFormatException(long line)
    : Exception($"Line {line} of the sample is no JSON object. Give one object a line (NDJSON).");

/// <summary>
/// k-anonymity of a rule's result over a sample: what is left of the quasi-identifiers is counted by its SHA-256, so that
/// memory grows with the combinations and no value stays. A sample says nothing of records that are not in it: in the whole
/// dataset groups are at least as large, and a small sample makes k look worse than it is.
/// </summary>
public sealed class SampleAnonymity
{
    private readonly DocumentAnonymiser anonymiser;
    private readonly ArrayBufferWriter<byte> result = new();
    private readonly IReadOnlyList<string> quasiIdentifiers;
    private readonly Dictionary<UInt128, long> groups = [];
    private long records;

    /// <summary>Of the stages up to a rule over fields.</summary>
    /// <param name="policy">A policy without a problem.</param>
    /// <param name="rule">One that anonymises fields.</param>
    /// <param name="quasiIdentifiers">Fields, a dot leading into an object; at least one.</param>
    public SampleAnonymity(Policy policy, Rule rule, IReadOnlyList<string> quasiIdentifiers)
    {
        ArgumentOutOfRangeException.ThrowIfZero(quasiIdentifiers.Count);
        anonymiser = new DocumentAnonymiser(RuleOperators.ForFields(PolicyStrength.UsesUpTo(policy, rule), OperatorKeys.Throwaway()));
        this.quasiIdentifiers = quasiIdentifiers;
    }

    /// <summary>Reads a sample, one JSON object a line. Throws <see cref="SampleFormatException"/>.</summary>
    public async Task ReadAsync(TextReader sample, CancellationToken cancel)
    {
        var line = 0L;
        while (await sample.ReadLineAsync(cancel) is { } text)
        {
            line++;
            if (!string.IsNullOrWhiteSpace(text))
            {
                Add(FieldsOf(text, line));
            }
        }
    }

    /// <summary>What was counted so far.</summary>
    public AnonymityReport Report() => new(
        records, groups.Count, groups.Count == 0 ? 0 : groups.Values.Min(),
        new SortedDictionary<long, long>(groups.Values.CountBy(size => size).ToDictionary(pair => pair.Key, pair => (long)pair.Value)));

    private void Add(Dictionary<string, object?> fields)
    {
        // A length before each value: two fields never read as one. Missing and null are one: neither tells anything.
        var text = new StringBuilder();
        foreach (var name in quasiIdentifiers)
        {
            var value = Convert.ToString(fields.GetValueOrDefault(name), CultureInfo.InvariantCulture) ?? "";
            text.Append(CultureInfo.InvariantCulture, $"{value.Length}:{value}");
        }

        var hash = System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
        var key = System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
        groups[key] = groups.GetValueOrDefault(key) + 1;
        records++;
    }

    private Dictionary<string, object?> FieldsOf(string text, long line)
    {
        try
        {
            result.ResetWrittenCount();
            anonymiser.Rewrite(Encoding.UTF8.GetBytes(text), result);
            using var document = JsonDocument.Parse(result.WrittenMemory);
            var fields = new Dictionary<string, object?>(StringComparer.Ordinal);
            Collect(document.RootElement, "", fields);
            return fields;
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or UnreadableContentException)
        {
            throw new SampleFormatException(line);
        }
    }

    private static void Collect(JsonElement owner, string before, Dictionary<string, object?> fields)
    {
        foreach (var property in owner.EnumerateObject())
        {
            fields[before + property.Name] = property.Value.ValueKind switch
            {
                JsonValueKind.Null => null,
                JsonValueKind.String => property.Value.GetString(),
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                JsonValueKind.Number => property.Value.TryGetInt64(out var whole) ? (object)whole : property.Value.GetDouble(),
                _ => property.Value.GetRawText(),
            };
            if (property.Value.ValueKind == JsonValueKind.Object)
            {
                Collect(property.Value, before + property.Name + ".", fields);
            }
        }
    }
}
