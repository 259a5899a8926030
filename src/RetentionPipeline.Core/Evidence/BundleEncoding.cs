using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// Records and the pipeline's statement as canonical JSON. Reading is strict: null for anything that writing would not
/// have made.
/// </summary>
internal static class BundleEncoding
{
    public static byte[] Encode(ShownRecord shown) => Jcs.Encode(new JsonObject
    {
        ["entry"] = Jcs.Parse(Encoding.UTF8.GetBytes(shown.Entry)),
        ["entryPath"] = Hex(shown.EntryPath),
        ["opening"] = Encode(shown.Opening),
        ["openingPath"] = Hex(shown.OpeningPath),
    });

    private static JsonObject Encode(ShownOpening opening) => opening.Forgotten is { } commitment
        ? new() { ["commitment"] = Convert.ToHexStringLower(commitment) }
        : new()
        {
            ["record"] = opening.Record,
            ["salt"] = Convert.ToHexStringLower(opening.Salt),
            ["subjects"] = new JsonArray([.. opening.Subjects.Select(subject => subject.Opening is { } shown
                ? Encode(shown)
                : new JsonObject { ["hash"] = subject.Hash })]),
            ["version"] = opening.Version,
        };

    private static ShownOpening Opening(JsonObject json) => json["commitment"] is { } left
        ? new([], "", [], "") { Forgotten = Convert.FromHexString(Text(left)) }
        : new(
            Convert.FromHexString(Text(json["salt"])), Text(json["record"]), [.. json["subjects"]!.AsArray().Select(Subject)], Text(json["version"]));

    public static ShownRecord? DecodeRecord(BundleName name, ReadOnlySpan<byte> bytes)
    {
        var content = bytes.ToArray();
        return Read(() =>
        {
            var json = Jcs.Parse(content);
            return new ShownRecord(
                name.Id, (int)name.Number, Encoding.UTF8.GetString(Jcs.Encode(json["entry"]!.AsObject())),
                Hashes(json["entryPath"]), Opening(json["opening"]!.AsObject()), Hashes(json["openingPath"]));
        }) is { } shown && Encode(shown).AsSpan().SequenceEqual(bytes) ? shown : null;
    }

    public static JsonObject Encode(BundleStatement stated)
    {
        var json = new JsonObject
        {
            ["datasets"] = new JsonArray([.. stated.Datasets.Select(Encode)]),
            ["forgotten"] = Texts(stated.Forgotten),
            ["subjects"] = new JsonArray([.. stated.Subjects.Select(Encode)]),
        };
        if (stated.EventId is { } id)
        {
            json["event"] = id;
        }

        return json;
    }

    public static JsonObject Encode(ScanScope scope)
    {
        var json = new JsonObject();
        foreach (var (name, text) in new[]
        {
            ("scan", scope.Scan), ("dataset", scope.Dataset), ("from", scope.From is { } from ? LeafTime.Text(from) : null),
            ("to", scope.To is { } to ? LeafTime.Text(to) : null),
        })
        {
            if (text is not null)
            {
                json[name] = text;
            }
        }

        return json;
    }

    /// <summary>Which scans the manifest is about; null for one of a request, and where it cannot be read.</summary>
    public static ScanScope? DecodeScope(ReadOnlySpan<byte> bytes)
    {
        var content = bytes.ToArray();
        return Read(() => Jcs.Parse(content)["scope"] is JsonObject scope
            ? new ScanScope(TextOrNull(scope["scan"]), TextOrNull(scope["dataset"]), TimeOrNull(scope["from"]), TimeOrNull(scope["to"]))
            : null);
    }

    private static string? TextOrNull(JsonNode? json) => json is null ? null : Text(json);

    private static DateTimeOffset? TimeOrNull(JsonNode? json) =>
        json is null ? null : LeafTime.TryParse(Text(json)) ?? throw new FormatException("No time.");

    /// <summary>The request and the statement of a manifest; null if it has none.</summary>
    public static (Guid Request, BundleStatement Stated)? DecodeManifest(ReadOnlySpan<byte> bytes)
    {
        var content = bytes.ToArray();
        var read = Read(() =>
        {
            var json = Jcs.Parse(content);
            var stated = json["stated"]!.AsObject();
            var request = Guid.ParseExact(Text(json["request"]), "D");
            return Tuple.Create(request, new BundleStatement(
                stated["event"] is { } id ? Text(id) : null,
                [.. stated["subjects"]!.AsArray().Select(subject => Subject(subject).Opening ?? throw new FormatException("A hash alone."))],
                [.. stated["datasets"]!.AsArray().Select(dataset => DecodeDataset(dataset!.AsObject()))],
                [.. stated["forgotten"]!.AsArray().Select(Text)]));
        });
        return read is null ? null : (read.Item1, read.Item2);
    }

    public static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);

    /// <summary>Names and hashes of the files that a manifest lists; null if it has no such list.</summary>
    public static IReadOnlyDictionary<string, string>? DecodeFiles(ReadOnlySpan<byte> bytes)
    {
        var content = bytes.ToArray();
        return Read(() => Jcs.Parse(content)["files"]!.AsArray()
            .ToDictionary(file => Text(file!["name"]), file => Text(file!["sha256"]), StringComparer.Ordinal));
    }

    private static JsonObject Encode(StatedDataset dataset)
    {
        var json = new JsonObject { ["dataset"] = dataset.Dataset };
        if (dataset.Scan is { } scan)
        {
            json["scan"] = scan;
        }

        if (dataset.Reason is { } reason)
        {
            json["reason"] = reason;
        }

        if (dataset.ExpectedBy is { } by)
        {
            json["expectedBy"] = LeafTime.Text(by);
        }

        return json;
    }

    private static StatedDataset DecodeDataset(JsonObject json) => new(
        Text(json["dataset"]), json["scan"] is { } scan ? Text(scan) : null, json["reason"] is { } reason ? Text(reason) : null,
        TimeOrNull(json["expectedBy"]));

    private static JsonObject Encode(SubjectOpening opening) => new()
    {
        ["hash"] = opening.Commit(),
        ["pseudonym"] = opening.Pseudonym,
        ["salt"] = Convert.ToHexStringLower(opening.Salt),
    };

    private static ShownSubject Subject(JsonNode? json) => new(
        Text(json!["hash"]),
        json["pseudonym"] is { } pseudonym ? new(Convert.FromHexString(Text(json["salt"])), Text(pseudonym)) : null);

    private static JsonArray Hex(IEnumerable<byte[]> hashes) => Texts(hashes.Select(Convert.ToHexStringLower));

    private static IReadOnlyList<byte[]> Hashes(JsonNode? json) =>
        [.. json!.AsArray().Select(hash => Convert.FromHexString(Text(hash)) is { Length: Rfc6962.HashLength } bytes ? bytes : throw new FormatException("No hash."))];

    private static string Text(JsonNode? json) => json!.GetValue<string>();

    /// <summary>Null where the JSON lacks what is read, or has it in another form.</summary>
    private static T? Read<T>(Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception problem) when (problem is FormatException or InvalidOperationException or NullReferenceException or ArgumentException)
        {
            return null;
        }
    }
}
