using System.Text.Json;
using CsCheck;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary>Operators over the fields of lines; what they do not change stays byte for byte.</summary>
public sealed class LineFormatTests
{
    private const string Access = "203.0.113.77 - frank doe [25/Nov/2026:10:15:30 +0000] \"GET /a?token=x#y HTTP/1.1\" 200 5";

    [Theory]
    [InlineData("request", "strip-query", Access, "203.0.113.77 - frank doe [25/Nov/2026:10:15:30 +0000] \"GET /a HTTP/1.1\" 200 5")]
    [InlineData("user", "null", Access, "203.0.113.77 - - [25/Nov/2026:10:15:30 +0000] \"GET /a?token=x#y HTTP/1.1\" 200 5")]
    [InlineData("host", "truncate-ip", Access, "203.0.113.0 - frank doe [25/Nov/2026:10:15:30 +0000] \"GET /a?token=x#y HTTP/1.1\" 200 5")]
    [InlineData("referrer", "strip-query", Access + " \"https://shop.example/?q=1\" \"c\\\"x\" \"more ?\"", Access + " \"https://shop.example/\" \"c\\\"x\" \"more ?\"")]
    [InlineData("agent", "remove", Access + " \"-\" \"c\\\"x\"", Access + " \"-\" \"-\"")]
    [InlineData("referrer", "strip-query", Access + " \"https://shop.example/\u00e9?\u00ff\" \"-\"", Access + " \"https://shop.example/\u00e9\" \"-\"")]
    [InlineData("agent", "remove", Access, Access)]
    [InlineData("request", "strip-query", "::1 - - [x] \"\\x16\\x03?\" 400 0", "::1 - - [x] \"\\x16\\x03\" 400 0")]
    [InlineData("request", "strip-query", "::1 - - [x] \"-\" 408 -", "::1 - - [x] \"-\" 408 -")]
    public void A_combined_log_has_named_fields(string field, string @operator, string line, string expected) =>
        Check(LineFormat.Combined, line, expected, (field, @operator));

    [Theory]
    [InlineData("u.email", "email-domain", "{ \"u\" : {\"email\":\"ann@x.example\", \"n\": 1.50}, \"s\":\"\\u00e9\"}", "{ \"u\" : {\"email\":\"x.example\", \"n\": 1.50}, \"s\":\"\\u00e9\"}")]
    [InlineData("u.ip", "truncate-ip", "{\"u\":{\"ip\":[\"203.0.113.77\",null,\"2001:db8:1:2::3\"]}}", "{\"u\":{\"ip\":[\"203.0.113.0\",null,\"2001:db8:1::\"]}}")]
    [InlineData("list.ip", "truncate-ip", "{\"list\":[{\"ip\":\"203.0.113.77\"},{\"x\":1},{\"ip\":\"203.0.113.78\"}]}", "{\"list\":[{\"ip\":\"203.0.113.0\"},{\"x\":1},{\"ip\":\"203.0.113.0\"}]}")]
    [InlineData("b", "remove", "{\"a\":1 , \"b\" : {\"x\":[1]} , \"c\":12345678901234567890.10}", "{\"a\":1 , \"c\":12345678901234567890.10}")]
    [InlineData("b", "remove", "{\"b\":2}", "{}")]
    [InlineData("b", "remove", "{\"b\":2,\"c\":3}", "{\"c\":3}")]
    [InlineData("b", "null", "{\"b\":{\"x\":1},\"c\":[\"b\"]}", "{\"b\":null,\"c\":[\"b\"]}")]
    [InlineData("b", "truncate-ip", "{\"b\":{\"ip\":\"203.0.113.77\"}}", "{\"b\":null}")]
    [InlineData("\u00e9", "email-domain", "{\"\\u00e9\":\"a@b.example\",\"\u00c3\u00a9\":\"c@d.example\"}", "{\"\\u00e9\":\"b.example\",\"\u00c3\u00a9\":\"d.example\"}")]
    [InlineData("a.b", "remove", "[{\"a\":{\"b\":1}},2,\"a\",null]", "[{\"a\":{}},2,\"a\",null]")]
    [InlineData("a", "remove", "\"a\"", "\"a\"")]
    [InlineData("a", "remove", "{\"a\":[1,{}],\"b\":1}", "{\"b\":1}")]
    [InlineData("a.*", "remove", "{\"a\":[1,{}]}", "{\"a\":[]}")]
    public void A_line_of_JSON_has_fields_by_path(string field, string @operator, string line, string expected) =>
        Check(LineFormat.Ndjson, line, expected, (field, @operator));

    [Fact]
    public void A_number_keeps_its_kind_and_a_position_is_two_fields()
    {
        var plan = Plan(LineFormat.Ndjson, ("age", "round-number", [("to", "10")]), ("lat", "coarsen-location", [("longitude-field", "lon")]));
        var cut = Engine.Run(plan, "{\"lat\":52.520008,\"age\":47,\"lon\":13.404954}", VectorWidth.V256);
        Assert.Equal("{\"lat\":52.516844,\"age\":40,\"lon\":13.410291}", cut);
        Assert.Equal(cut, Engine.Run(plan, cut, VectorWidth.V256, [], out var again));
        Assert.Equal(0, again.Changed);
    }

    [Theory]
    [InlineData("ip", "truncate-ip", "id,ip\r\n1,203.0.113.77\r\n2,\"2001:db8:1:2::3\"\r\n", "id,ip\r\n1,203.0.113.0\r\n2,\"2001:db8:1::\"\r\n")]
    [InlineData("note", "remove", "note,n\n\"a \"\"b\"\",\nc\",1\n,2\nplain,3", "note,n\n\"\",1\n,2\n,3")]
    [InlineData("2", "email-domain", "1,ann@x.example\n2,\n", "1,x.example\n2,\n")]
    [InlineData("a, b", "remove", "\"a, b\",c\nx,y\n", "\"a, b\",c\n,y\n")]
    public void A_table_has_columns_by_name_or_number(string field, string @operator, string text, string expected) =>
        Check(LineFormat.Csv, text, expected, (field, @operator));

    [Fact]
    public void A_text_that_needs_quotes_gets_them() => Assert.Equal(
        "\"a \"\"b\"\", c\"\n",
        Engine.Run(Plan(LineFormat.Csv, ("1", "replace", [("with", "a \"b\", c")])), "x\n", VectorWidth.V256));

    [Theory]
    [InlineData("cs-username", "null", "#Fields: time cs-username c-ip\n10:15:30 CONTOSO\\frank 203.0.113.77\n#Fields: cs-username x\nfrank 1\n", "#Fields: time cs-username c-ip\n10:15:30 - 203.0.113.77\n#Fields: cs-username x\n- 1\n")]
    [InlineData("cs(Referer)", "strip-query", "#Version: 1.0\n#Fields:\tx\tcs(Referer)\n1\t\"https://shop.example/a b?c\"\n", "#Version: 1.0\n#Fields:\tx\tcs(Referer)\n1\t\"https://shop.example/a b\"\n")]
    public void W3C_lines_have_the_fields_of_their_directive(string field, string @operator, string text, string expected) =>
        Check(LineFormat.W3c, text, expected, (field, @operator));

    [Theory]
    [InlineData(LineFormat.Combined, "203.0.113.77 no log line", "not-combined")]
    [InlineData(LineFormat.Combined, "a b c [d] \"e", "not-combined")]
    [InlineData(LineFormat.Ndjson, "{\"a\":1", "not-ndjson")]
    [InlineData(LineFormat.Ndjson, "{} {}", "not-ndjson")]
    [InlineData(LineFormat.Ndjson, "{\"user\":\"\\ud800\"}", "not-ndjson")]
    [InlineData(LineFormat.Csv, "user\n\"a\"b\n", "not-csv")]
    [InlineData(LineFormat.Csv, "user\n\"a", "not-csv")]
    [InlineData(LineFormat.Csv, "user,b,c\nx,y,\"a\"b\n", "not-csv")]
    [InlineData(LineFormat.Csv, "person\na\n", "column-missing")]
    [InlineData(LineFormat.W3c, "10:15:30 frank\n", "not-w3c")]
    [InlineData(LineFormat.W3c, "#Fields: time user\n10:15:30\n", "not-w3c")]
    public void What_is_not_of_the_format_is_refused_with_a_reason(LineFormat format, string text, string reason) =>
        Assert.Equal(reason, Assert.Throws<UnreadableContentException>(() => Engine.Run(Plan(format, ("user", "mask", [])), text, VectorWidth.V256)).Reason);

    [Theory]
    [InlineData(LineFormat.Combined, "nobody", "mask", "field-unknown")]
    [InlineData(LineFormat.Text, "user", "mask", "operator-not-for-logs")]
    [InlineData(LineFormat.Text, "user", "truncate-ip", "operator-field-on-log")]
    [InlineData(LineFormat.Ndjson, "user", "hash", "operator-unknown")]
    public void An_operator_that_does_not_fit_is_told_before_any_line_is_read(LineFormat format, string field, string @operator, string code)
    {
        var plan = new StreamPlan(null, HostNames.Keep, []) { Format = format };
        var problems = OperatorCatalogue.AddToStream(@operator, field, new Dictionary<string, string>(), OperatorKeys.None, ref plan);
        Assert.Equal(code, Assert.Single(problems).Code);
    }

    [Fact]
    public void Several_operators_work_in_one_pass_and_a_changed_line_counts_once()
    {
        var plan = Plan(LineFormat.Combined, ("request", "strip-query", []), ("user", "mask", [])) with
        {
            TruncateIp = AddressBits.Default,
            Hosts = HostNames.Truncate,
            DropLinesOf = ["ann@x.example"],
        };
        var text = Access + "\nh-1-2-3-4.example - - [x] \"GET / HTTP/1.1\" 200 5\n::1 - ann@x.example [x] \"-\" 1 2\n:: - - [x] \"-\" 1 2\n";
        var cut = Engine.Run(plan, text, VectorWidth.V256, [7, 90, 3], out var seen);
        Assert.Equal("203.0.113.0 - ********* [25/Nov/2026:10:15:30 +0000] \"GET /a HTTP/1.1\" 200 5\nh-0-2-3-0.example - - [x] \"GET / HTTP/1.1\" 200 5\n:: - - [x] \"-\" 1 2\n", cut);
        Assert.Equal((4, 2, 1), (seen.Lines, seen.Changed, seen.Dropped));
    }

    [Fact]
    public void Dropping_members_of_any_JSON_leaves_what_a_library_leaves()
    {
        var value = Gen.OneOf(Gen.Const("1"), Gen.Const("\"x, }\\\"\""), Gen.Const("null"), Gen.Const("{\"b\":[ 1,{} ]}"), Gen.Const("{\"a\" :1}"));
        var member = Gen.Select(Gen.OneOf(Gen.Const("a"), Gen.Const("b"), Gen.Const("c")), Gen.OneOf(Gen.Const(""), Gen.Const(" ")), value, (name, blank, one) => $"{blank}\"{name}\"{blank}:{one}{blank}");
        member.Array[0, 6].Select(members => $"{{{string.Join(',', members)}}}").Sample(
            text =>
            {
                var cut = Engine.Run(Plan(LineFormat.Ndjson, ("a", "remove", []), ("c", "remove", [])), text, VectorWidth.V256);
                var kept = JsonDocument.Parse(text).RootElement.EnumerateObject().Where(one => one.Name == "b").Select(one => $"\"b\":{one.Value.GetRawText()}");
                Assert.Equal($"{{{string.Join(',', kept)}}}".Replace(" ", "", StringComparison.Ordinal), cut.Replace(" ", "", StringComparison.Ordinal));
            },
            iter: 3_000);
    }

    private static void Check(LineFormat format, string text, string expected, (string Field, string Operator) use)
    {
        var plan = Plan(format, (use.Field, use.Operator, []));
        foreach (var pieces in new[] { Array.Empty<int>(), [.. Enumerable.Repeat(1, text.Length)], [5, 2, 17] })
        {
            Assert.Equal(expected, Engine.Run(plan, text, VectorWidth.V256, pieces));
            Assert.Equal(expected, Engine.Run(plan, expected, VectorWidth.V256, pieces, out var again));
            Assert.Equal(0, again.Changed);
        }
    }

    private static StreamPlan Plan(LineFormat format, params (string Field, string Operator, (string Name, string Value)[] Parameters)[] uses)
    {
        var plan = new StreamPlan(null, HostNames.Keep, []) { Format = format };
        foreach (var (field, @operator, parameters) in uses)
        {
            Assert.Empty(OperatorCatalogue.AddToStream(@operator, field, parameters.ToDictionary(one => one.Name, one => one.Value), OperatorKeys.Throwaway(), ref plan));
        }

        return plan;
    }
}
