using System.Text;
using System.Text.Json.Nodes;
using NJsonSchema;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Requests;

namespace RetentionPipeline.Core.Tests.Requests;

/// <summary>The published schema and the reader say the same of every message, as far as a schema can say it.</summary>
public sealed class RequestSchemaTests
{
    private const string Absent = "";
    private static readonly string Long = new('k', 128);
    private static readonly RequestSource Source = new(
        "web-shop", [new("customer-id", Assurance.SignedIn), new("email", Assurance.Verified), new(Long, Assurance.Verified)], 1, 1);

    private static readonly string Root = FindRoot();
    private static readonly Lazy<Task<JsonSchema>> Schema = new(() => JsonSchema.FromFileAsync(
        Path.Combine(Root, "docs", "schema", "deletion-requested.v1.schema.json")));

    /// <summary>For each attribute what may and may not stand there, as JSON; the first is what the others are tried with.</summary>
    private static readonly Dictionary<string, string[]> Values = new()
    {
        ["specversion"] = ["\"1.0\"", Absent, "\"1.1\"", "\"0.3\"", "1.0", "null"],
        ["id"] =
        [
            "\"case-1\"", Absent, "\"\"", "\"a b\"", "\"ä\"", "\"a\\n\"", "17", $"\"{new string('x', 128)}\"", $"\"{new string('x', 129)}\"",
            "\"!~\"",
        ],
        ["source"] = ["\"web-shop\"", Absent, "\"\"", "5"],
        ["type"] =
        [
            "\"retention.deletion-requested.v1\"", Absent, "\"retention.deletion-requested.v2\"", "\"Retention.deletion-requested.v1\"", "1",
        ],
        ["time"] =
        [
            Absent, "\"2026-03-15T11:59:00Z\"", "\"2026-03-15T11:59:00.123456789+01:00\"", "\"2026-03-15T23:59:59-14:00\"", "\"2026-03-15\"",
            "\"2026-03-15T11:59Z\"", "\"2026-03-15T11:59:00\"", "\"2026-03-15T24:00:00Z\"", "\"2026-13-01T00:00:00Z\"",
            "\"2026-03-15T11:59:60Z\"", "\"2026-03-15T11:59:00+14:01\"", "\"2026-03-15 11:59:00Z\"", "\"0000-03-15T11:59:00Z\"",
            "\"2026-03-15T11:59:00.1234567890Z\"", "\"2026-03-15T11:59:00Z\\n\"", "\"yesterday\"", "\"\"", "1773575940", "null",
        ],
        ["subject"] = [Absent, "\"a case\"", "\"\"", "5", "null", "{}"],
        ["datacontenttype"] =
        [
            Absent, "\"application/json\"", "\"Application/JSON; charset=utf-8\"", "\"application/json ; a\\nb\"", "\"text/xml\"",
            "\"application/jsonx\"", "\"application/cloudevents+json\"", "\"\"", "null", "7",
        ],
        ["priority"] = [Absent, "\"high\"", "null"],
        ["data"] =
        [
            Data("""{"kind":"email","value":"ann@shop.example"}"""), Absent, "null", "[]", "{}", """{"identifiers":null}""", Data(),
            """{"identifiers":{"kind":"email","value":"ann@shop.example"}}""",
            """{"identifiers":[{"kind":"email","value":"ann@shop.example"}],"note":"x"}""",
            Data("""{"kind":"email","value":"ann@shop.example"}""", """{"kind":"customer-id","value":"C-000123"}"""),
            Data("5"), Data("null"), Data("""{"kind":"email"}"""), Data("""{"value":"ann@shop.example"}"""),
            Data("""{"kind":"email","value":"ann@shop.example","note":"x"}"""), Data("""{"kind":5,"value":"ann@shop.example"}"""),
            Data("""{"kind":"","value":"ann@shop.example"}"""), Data($$"""{"kind":"{{Long}}","value":"ann@shop.example"}"""),
            Data($$"""{"kind":"{{Long}}k","value":"ann@shop.example"}"""), Data("""{"kind":"email","value":5}"""),
            Data("""{"kind":"email","value":"a@b"}"""), Data("""{"kind":"email","value":"a@bc"}"""), Data(Value(320)), Data(Value(321)),
            Data("""{"kind":"email","value":"a@b\u0000c"}"""), Data("""{"kind":"email","value":"a@b\u0085c"}"""),
            Data("""{"kind":"email","value":"a@bc\n"}"""), Data("""{"kind":"email","value":"Änne Ü 🎿"}"""),
            Data([.. Enumerable.Range(0, 20).Select(number => $$"""{"kind":"email","value":"{{number:D4}}"}""")]),
            Data([.. Enumerable.Range(0, 21).Select(number => $$"""{"kind":"email","value":"{{number:D4}}"}""")]),
        ],
    };

    /// <summary>What only the reader can say.</summary>
    public static TheoryData<string, string> BeyondTheSchema => new()
    {
        { Message(("source", "\"help-desk\"")), RequestReasons.SourceMismatch },
        { Message(("data", Data("""{"kind":"phone","value":"+49301234567"}"""))), RequestReasons.KindNotAllowed },
        { Message(("subject", "\"to ann@shop.example\"")), RequestReasons.IdentifierInAttribute },
        { Message(("time", "\"2026-02-30T11:59:00Z\"")), RequestReasons.TimeInvalid },
        { Message(("data", Data("""{"kind":"email","value":"   a@b   "}"""))), RequestReasons.IdentifierInvalid },
        { Message(("subject", "\"" + new string('s', RequestEvent.MaxBytes) + "\"")), RequestReasons.TooLarge },
        { Message(("id", "\"case-1\",\"id\":\"case-1\"")), RequestReasons.Unreadable },
    };

    [Fact]
    public async Task Every_pair_of_values_gets_the_same_verdict_from_the_schema_and_from_the_reader()
    {
        var (accepted, refused) = (0, 0);
        foreach (var message in Pairs().Distinct())
        {
            var valid = (await Schema.Value).Validate(message).Count == 0;
            var read = RequestEvent.Read(Encoding.UTF8.GetBytes(message), Source);
            Assert.True(valid == (read.Reasons.Count == 0), $"The schema says {valid}, the reader {string.Join(", ", read.Reasons)}: {message}");
            (accepted, refused) = valid ? (accepted + 1, refused) : (accepted, refused + 1);
        }

        Assert.True(accepted > 90 && refused > 1000, $"{accepted} accepted, {refused} refused.");
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("5")]
    [InlineData("\"text\"")]
    [InlineData("null")]
    public async Task What_is_no_object_is_refused_by_both(string message)
    {
        Assert.NotEmpty((await Schema.Value).Validate(message));
        Assert.Equal([RequestReasons.Unreadable], RequestEvent.Read(Encoding.UTF8.GetBytes(message), Source).Reasons);
    }

    [Theory]
    [MemberData(nameof(BeyondTheSchema))]
    public async Task What_a_schema_cannot_say_the_reader_refuses(string message, string reason)
    {
        Assert.Empty((await Schema.Value).Validate(message));
        Assert.Equal([reason], RequestEvent.Read(Encoding.UTF8.GetBytes(message), Source).Reasons);
    }

    [Fact]
    public async Task The_published_example_is_accepted_by_both()
    {
        var message = await File.ReadAllTextAsync(Path.Combine(Root, "samples", "senders", "deletion-request.json"));
        Assert.Empty((await Schema.Value).Validate(message));
        var read = RequestEvent.Read(Encoding.UTF8.GetBytes(message), Source);
        Assert.Empty(read.Reasons);
        Assert.Equal(2, read.Identifiers.Count);
    }

    [Fact]
    public void Every_reason_is_in_the_document_and_no_other()
    {
        var text = File.ReadAllText(Path.Combine(Root, "docs", "integrate.md"));
        var table = text[text.IndexOf("| reason |", StringComparison.Ordinal)..].Split("\n\n")[0];
        var documented = table.Split('\n').Skip(2).SelectMany(row => row.Split('|')[1].Split(',')).Select(reason => reason.Trim(' ', '`'));
        var reasons = typeof(RequestReasons).GetFields().Select(field => (string)field.GetRawConstantValue()!);
        Assert.Equal(reasons.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Pairs()
    {
        foreach (var (one, values) in Values)
        {
            foreach (var (another, others) in Values.Where(pair => string.CompareOrdinal(pair.Key, one) > 0))
            {
                foreach (var value in values)
                {
                    foreach (var other in others)
                    {
                        yield return Message((one, value), (another, other));
                    }
                }
            }
        }
    }

    private static string Message(params (string Attribute, string Value)[] changes)
    {
        var values = Values.ToDictionary(pair => pair.Key, pair => pair.Value[0]);
        foreach (var (attribute, value) in changes)
        {
            values[attribute] = value;
        }

        return "{" + string.Join(",", values.Where(pair => pair.Value != Absent).Select(pair => $"\"{pair.Key}\":{pair.Value}")) + "}";
    }

    private static string Data(params string[] identifiers) => $$"""{"identifiers":[{{string.Join(",", identifiers)}}]}""";

    private static string Value(int length) => new JsonObject { ["kind"] = "email", ["value"] = new string('v', length) }.ToJsonString();

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "RetentionPipeline.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
