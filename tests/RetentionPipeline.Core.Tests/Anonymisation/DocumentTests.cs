using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary>Operators over JSON documents by path; what they do not change stays byte for byte.</summary>
public sealed class DocumentTests
{
    private static readonly OperatorKeys Keys = OperatorKeys.Throwaway();

    /// <summary>Operators (field:operator[,parameter=value]), a document, and what it becomes.</summary>
    [Theory]
    [InlineData("a.b.c:mask", """{"a":{"b":{"c":"xy","d":1.10}}}""", """{"a":{"b":{"c":"**","d":1.10}}}""")]
    [InlineData("a.*:mask", """{"a":{"b":"x","c":["y",1]},"b":"z"}""", """{"a":{"b":"*","c":["*",null]},"b":"z"}""")]
    [InlineData("*.c:mask", """{"a":{"c":"x"},"b":{"c":"y"},"c":"z"}""", """{"a":{"c":"*"},"b":{"c":"*"},"c":"z"}""")]
    [InlineData("l.c:mask", """{"l":[{"c":"x"},[{"c":"y"}],"z",{"d":1}]}""", """{"l":[{"c":"*"},[{"c":"*"}],"z",{"d":1}]}""")]
    [InlineData("l.1:mask", """{"l":["a","b","c"]}""", """{"l":["a","*","c"]}""")]
    [InlineData("l.1.c:remove", """{"l":[{"c":1},{"c":2}]}""", """{"l":[{"c":1},{}]}""")]
    [InlineData("l:mask", """{"l":["a",["b"],{"c":1},null]}""", """{"l":["*",["*"],null,null]}""")]
    [InlineData("l:remove", """{"k":1,"l":["a"],"m":2}""", """{"k":1,"m":2}""")]
    [InlineData("l.*:remove", """{"l":["a",{}],"m":2}""", """{"l":[],"m":2}""")]
    [InlineData("l:null", """{"l":["a"]}""", """{"l":null}""")]
    [InlineData("l:replace,with=x", """{"l":["a"]}""", """{"l":"x"}""")]
    [InlineData("l.*:replace,with=x", """{"l":["a",{"b":[1]}]}""", """{"l":["x","x"]}""")]
    [InlineData("a.b:mask", """{"a.b":"x","a":{"b":"y"}}""", """{"a.b":"*","a":{"b":"*"}}""")]
    [InlineData("a:mask", """{"a":{"b":"x"},"c":1}""", """{"a":null,"c":1}""")]
    [InlineData("a:mask|a.b:remove", """{"a":{"b":"x"}}""", """{"a":null}""")]
    [InlineData("a.b:mask|a:remove", """{"a":{"b":"x"},"c":1}""", """{"c":1}""")]
    [InlineData("a.*:mask|a.b:replace,with=q", """{"a":{"b":"x","c":"y"}}""", """{"a":{"b":"q","c":"*"}}""")]
    [InlineData("a.b:replace,with=q|a.*:mask", """{"a":{"b":"x","c":"y"}}""", """{"a":{"b":"*","c":"*"}}""")]
    [InlineData("a:remove|a:replace,with=x", """{"a":"y","b":1}""", """{"b":1}""")]
    [InlineData("x.y:mask", """{"a":1}""", """{"a":1}""")]
    [InlineData("a.b:mask", """{"a":"x"}""", """{"a":"x"}""")]
    [InlineData("a:truncate-ip", """{ "a" : "203.0.113.77 x", "n":12345678901234567890.1230, "e":1E+2, "z":-0.0, "u":"\u00fc\/" }""", """{ "a" : "203.0.113.0 x", "n":12345678901234567890.1230, "e":1E+2, "z":-0.0, "u":"\u00fc\/" }""")]
    [InlineData("a:round-number,to=10", """{"a":[47,-3,47.5,1E+2,"13","x",true,9223372036854775807,-9223372036854775808]}""", """{"a":[40,-10,40,1E+2,"10",null,null,9223372036854775800,null]}""")]
    [InlineData("a:email-domain", """{"a":["ann@x.example","x.example","Ann Doe",5,null]}""", """{"a":["x.example","x.example",null,null,null]}""")]
    [InlineData("a:truncate-date,to=month", """{"a":["2026-11-25T10:15:30+01:00","none",5]}""", """{"a":["2026-11-01T00:00:00Z",null,null]}""")]
    [InlineData("a:strip-query,keep=p q", """{"a":["/x?p=1&t=2&q#f","/x?t=2","/x#p=1",1]}""", """{"a":["/x?p=1&q","/x","/x",null]}""")]
    [InlineData("a:generalise-postcode", """{"a":["SW1A 1AA",10115]}""", """{"a":["SW1",null]}""")]
    [InlineData("a:truncate-host", """{"a":["h64.dyn.example.org",1]}""", """{"a":["example.org",null]}""")]
    [InlineData("a:scrub-text", """{"a":"write to ann@x.example"}""", """{"a":"write to [email]"}""")]
    [InlineData("p.lat:coarsen-location,longitude-field=p.lon", """{"p":[{"lat":52.520008,"lon":13.404954},{"lat":1.5},{"lon":2.5}]}""", """{"p":[{"lat":52.516844,"lon":13.410291},{"lat":null},{"lon":null}]}""")]
    [InlineData("g.1:coarsen-location,longitude-field=g.0", """{"g":[13.404954,52.520008]}""", """{"g":[13.410291,52.516844]}""")]
    [InlineData("lat.deg:coarsen-location,longitude-field=lon.deg", """{"lat":{"deg":52.520008},"lon":{"deg":13.404954}}""", """{"lat":{"deg":52.516844},"lon":{"deg":13.410291}}""")]
    [InlineData("a:mask", """["x",{"a":"y"}]""", """["x",{"a":"*"}]""")]
    [InlineData("a:mask", "\"x\"", "\"x\"")]
    public void A_document_becomes(string operators, string document, string expected)
    {
        Assert.Equal(expected, Run(operators, document, out var changed));
        Assert.Equal(document == expected, changed == 0);
        Assert.Equal(expected, Run(operators, expected, out changed));
        Assert.Equal(0, changed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("{\"a\":\"\\ud800\"}")]
    [InlineData("{a:1}")]
    public void What_is_no_JSON_is_refused(string document) =>
        Assert.Equal("not-json", Assert.Throws<UnreadableContentException>(() => Run("a:mask", document, out _)).Reason);

    [Fact]
    public void One_anonymiser_serves_many_at_once()
    {
        var shared = new DocumentAnonymiser(Made("a.*:mask|l.ip:truncate-ip"));
        Parallel.For(0, 5_000, number =>
        {
            var output = new ArrayBufferWriter<byte>();
            shared.Rewrite(Encoding.UTF8.GetBytes($$"""{"a":{"n":"{{number}}"},"k":{{number}},"l":[{"ip":"203.0.113.{{number % 200}}"}]}"""), output);
            Assert.Equal($$"""{"a":{"n":"{{new string('*', $"{number}".Length)}}"},"k":{{number}},"l":[{"ip":"203.0.113.0"}]}""", Encoding.UTF8.GetString(output.WrittenSpan));
        });
    }

    /// <summary>A second implementation over the library's tree: same values, and bytes of untouched documents.</summary>
    [Fact]
    public void Any_document_becomes_what_a_walk_over_its_tree_makes_of_it()
    {
        var leaf = Gen.OneOf(Gen.Const("1.50"), Gen.Const("\"ab\""), Gen.Const("null"), Gen.Const("true"), Gen.Const("\"\\u00e9\""), Gen.Const("12345678901234567890"));
        var name = Gen.OneOf(Gen.Const("a"), Gen.Const("b"), Gen.Const("c"));
        var path = Gen.OneOf(name, Gen.Const("*"), Gen.Const("0"), Gen.Const("1")).Array[1, 3].Select(parts => string.Join('.', parts));
        var operation = Gen.OneOf(Gen.Const("mask"), Gen.Const("remove"), Gen.Const("null"));
        Gen.Select(Value(leaf, name, 4), path, operation).Sample(
            (document, at, how) =>
            {
                if (how == "remove" && char.IsAsciiDigit(at[^1]))
                {
                    // Refused when a policy is loaded.
                    return;
                }

                var tree = JsonNode.Parse($"[{document}]")!;
                Walk(tree.AsArray(), 0, at.Split('.'), how);
                var actual = Run($"{at}:{how}", document, out var changed);
                Assert.True(JsonNode.DeepEquals(tree[0], JsonNode.Parse(actual)), $"{at}:{how}\n{document}\n{actual}\n{tree[0]?.ToJsonString()}");
                Assert.True(changed > 0 || document == actual);
                Assert.Equal(actual, Run($"{at}:{how}", actual, out _));
            },
            iter: 5_000);
    }

    private static Gen<string> Value(Gen<string> leaf, Gen<string> name, int depth) => depth == 0 ? leaf : Gen.OneOf(
        leaf,
        Value(leaf, name, depth - 1).Array[0, 3].Select(entries => $"[ {string.Join(" , ", entries)}]"),
        Gen.Select(name.ArrayUnique[0, 3], Value(leaf, name, depth - 1).Array[3]).Select(
            (names, values) => $"{{{string.Join(",", names.Select((one, i) => $" \"{one}\" :{values[i]} "))}}}"));

    /// <summary>Applies to the entry of a container: the text of the page, step by step.</summary>
    private static void Walk(JsonArray owner, int place, string[] path, string how)
    {
        var root = new JsonObject { ["root"] = owner[place]?.DeepClone() };
        Visit(root, "root", path, how);
        owner[place] = root.TryGetPropertyValue("root", out var result) ? result?.DeepClone() : null;
    }

    private static void Visit(JsonNode owner, object key, string[] rest, string how)
    {
        var value = Get(owner, key);
        if (rest.Length == 0)
        {
            if (how == "mask" && value is JsonArray entries)
            {
                Enumerable.Range(0, entries.Count).ToList().ForEach(entry => Visit(entries, entry, [], how));
                return;
            }

            Set(owner, key, how == "mask" && value is JsonValue text && text.GetValueKind() == JsonValueKind.String
                ? new string('*', text.GetValue<string>().EnumerateRunes().Count()) : null, how == "remove");
            return;
        }

        if (value is JsonObject members)
        {
            foreach (var member in members.Select(pair => pair.Key).Where(one => rest[0] == "*" || rest[0] == one).ToList())
            {
                Visit(members, member, rest[1..], how);
            }
        }
        else if (value is JsonArray list)
        {
            for (var entry = list.Count - 1; entry >= 0; entry--)
            {
                if (rest[0] == "*" || (int.TryParse(rest[0], out var number) && number == entry))
                {
                    Visit(list, entry, rest[1..], how);
                }
                else if (!int.TryParse(rest[0], out _))
                {
                    Visit(list, entry, rest, how);
                }
            }
        }
    }

    private static JsonNode? Get(JsonNode owner, object key) => key is string name ? owner[name] : owner[(int)key];

    private static void Set(JsonNode owner, object key, string? value, bool removes)
    {
        switch (owner, key)
        {
            case (JsonObject members, string name) when removes:
                members.Remove(name);
                break;
            case (JsonObject members, string name):
                members[name] = value;
                break;
            case (JsonArray list, int place) when removes:
                list.RemoveAt(place);
                break;
            default:
                ((JsonArray)owner)[(int)key] = value;
                break;
        }
    }

    private static string Run(string operators, string document, out int changed)
    {
        var output = new ArrayBufferWriter<byte>();
        changed = new DocumentAnonymiser(Made(operators)).Rewrite(Encoding.UTF8.GetBytes(document), output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static List<IFieldOperator> Made(string operators) =>
    [
        .. operators.Split('|').Select(one => one.Split(':', 2)).Select(one =>
        {
            var parts = one[1].Split(',');
            var made = OperatorCatalogue.ForField(
                parts[0], one[0], parts[1..].Select(part => part.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]), Keys);
            Assert.Empty(made.Problems);
            return made.Operator!;
        }),
    ];
}
