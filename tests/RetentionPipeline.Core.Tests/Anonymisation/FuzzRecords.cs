using System.Globalization;
using System.Text;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary>
/// Records with fields and operators over them, many of them odd and some broken by a byte. Seeded. Characters are bytes.
/// </summary>
internal sealed class FuzzRecords(ulong seed)
{
    private static readonly string[] Names = ["a", "a", "a", "b", "b", "lat", "lon", "ip", "\u00c3\u00a9", "a b", "longer.name"];

    private static readonly string[] Texts =
    [
        "", "-", "x", "203.0.113.77", "203.0.113.0", "198.51.100.9, 2001:db8:a:b::1", "2001:db8:a:b::1", "2001:db8:a::", "::ffff:203.0.113.7",
        "1.2.3.4.5", "[2001:db8:1:2::3]:443", "10.11.12.13 and more", "ann@x.example", "x.example", "ann@nowhere", "Ann Doe", "@", "a@b@c.example",
        "/x?p=1&t=2#f", "/x#p=1", "?", "https://shop.example/a b?c", "2026-11-25T10:15:30Z", "2026-11-25T10:15:30.1234567+01:00", "2026-11-01T00:00:00Z",
        "2026-11-25T23:59:59.99999999Z", "2026-02-29T10:15:30Z", "2026-11-25T24:00:00Z", "2026-01-01T00:30:00+13:59", "2026-11-25T10:15:30", "2026-11-25", "2026-11-25T10:15:30+14:30", "0001-01-01T00:00:00+05:00",
        "SW1A 1AA", "SW  1A", "10115", "47", "-3", "007", "+5", "-0", "0", "9223372036854775807", "999999999999999999", "1e3", "13.5", "h64.dyn.example.org", "a.b..", "example.org.", "...",
        "52.520008", "13.404954", "-89.999999", "0.0", "-0.0", "91.5", "180.0", "52.516844", "13.410291", "52.5168440", "0.000012", "nan", "***", "**", "a,b", "tab\there",
        "\u00c3\u00bc", "caf\u00c3\u00a9@x.example", "\u00ff", "\u007f", "a'b<c>&d", "h1.AAAAAAAAAAAAAAAAAAAAAA", "a very long text that goes on behind the first block of bytes, and on and on 203.0.113.77",
    ];

    private static readonly string[] Escaped =
        ["\\u00e9", "\\\"", "\\\\", "\\/", "\\n", "203.0.113.77\\n2001:db8:1:2::3", "\\ud800", "\\ud83d\\ude00", "\\x", "\\u12", "a\tb", "\\u0041nn@x.example", "\\"];

    private static readonly string[] Literals =
    [
        "null", "true", "false", "0", "-0", "47", "-13", "1.50", "52.520008", "-13.404954", "52.516844", "1E+2", "1e999", "12345678901234567890", "0.000001", "90.0", "90.5", "-0.0", "52",
        "01", "1.", ".5", "-", "+1", "1e", "tru", "nulll", "NaN", "[]", "{}", "[ ]", "{ }", "[1,]", "{\"a\":1,}", "[,]", "{,}", "{\"a\"}", "{1:2}", "{\"a\" 1}", "[1 2]", "[1}", "{\"a\":1]", "/*x*/1", "'x'",
    ];

    private static readonly string[] Blank = ["", "", "", "", " ", "  ", "\t", "\r", " \t "];

    private static readonly string[] Uses =
    [
        "truncate-ip", "truncate-ip,v4=16,v6=32", "email-domain", "mask", "mask,keep-first=2,keep-last=1", "mask,char=,", "mask,char=#", "null", "remove", "replace,with=x", "replace,with=a \"b\", c", "replace,with=-",
        "strip-query", "strip-query,keep=p", "generalise-postcode", "generalise-postcode,keep=4", "round-number,to=10", "round-number,to=7", "truncate-date,to=year", "truncate-date,to=month", "truncate-date,to=day",
        "truncate-date,to=hour", "truncate-host", "truncate-host,keep-labels=1", "hmac,key=k",
    ];

    private readonly FuzzLines random = new(seed);

    public int Below(int bound) => random.Below(bound);

    public string Path() => string.Join('.', Enumerable.Range(0, Math.Max(1, Below(4))).Select(_ => Below(6) switch
    {
        0 => "*",
        1 => $"{Below(3)}",
        _ => PathName(),
    }));

    public IReadOnlyList<IFieldOperator> Operators(LineFormat format, OperatorKeys keys)
    {
        var all = new List<IFieldOperator>();
        for (var left = 1 + Below(3); left > 0; left--)
        {
            var field = Field(format);
            var parts = Below(5) == 0 ? ["coarsen-location", $"longitude-field={Partner(format, ref field)}"] : Pick(Uses).Split(',', 2);
            var parameters = parts.Length == 1 ? [] : parts[0] == "replace" || parts[1].StartsWith("char", StringComparison.Ordinal) ? [parts[1]] : parts[1].Split(',');
            var made = OperatorCatalogue.ForField(parts[0], field, parameters.Select(one => one.Split('=', 2)).ToDictionary(one => one[0], one => one[1]), keys);
            if (made.Operator is { } @operator)
            {
                all.Add(@operator);
            }
        }

        return all.Count > 0 ? all : Operators(format, keys);
    }

    public string Json() => Broken($"{Pick(Blank)}{(Below(9) == 0 ? Value(Below(70)) : Members(3))}{Pick(Blank)}", 12);

    public string Csv() => Broken(string.Join(',', Enumerable.Range(0, 3 + Below(4)).Select(_ => Below(4) == 0
        ? $"\"{Text().Replace("\"", "\"\"", StringComparison.Ordinal)}{Pick(["", "", ",", "\"\"", "\n"])}\"" : Text().Replace(",", ";", StringComparison.Ordinal))), 12);

    public string Combined() => Broken(
        $"{Token()} {Token()} {Pick(["-", "frank", "frank doe"])} [x] \"{Pick(["GET /a?b=c HTTP/1.1", "-", "GET /a b?c HTTP/1.1", "GET /x?\\\" HTTP/1.1", "?"])}\" {Token()} {Token()} \"{Text()}\" \"{Text()}\"", 12);

    private string Token() => Text().Replace(' ', '_') is { Length: > 0 } token ? token : "-";

    private string Text() => Pick(Texts);

    private string Value(int depth)
    {
        if (depth > 4)
        {
            // One container in the other.
            return Below(2) == 0 ? $"[{Value(depth - 1)}]" : $"{{\"a\":{Value(depth - 1)}}}";
        }

        return (depth == 0 ? Below(3) : Below(8)) switch
        {
            0 => Below(4) == 0 ? Pick(Literals) : Pick(Literals[..19]),
            1 or 2 => $"\"{(Below(12) == 0 ? Pick(Escaped) : Text().Replace("\t", "", StringComparison.Ordinal))}\"",
            3 => $"[{Pick(Blank)}{string.Join(',', Enumerable.Range(0, Below(4)).Select(_ => Around(Value(depth - 1))))}]",
            4 => $"{{\"lat\":{Degrees()},\"lon\":{Degrees()}{(Below(3) == 0 ? ",\"lon\":1.5" : "")}}}",
            _ => Members(depth - 1),
        };
    }

    private string Members(int depth) =>
        $"{{{Pick(Blank)}{string.Join(',', Enumerable.Range(0, Below(7)).Select(_ => $"{Around($"\"{MemberName()}\"")}:{Around(Value(depth))}"))}}}";

    private string Degrees() => Below(6) == 0 ? Pick(Literals[..19]) : ((Below(180_000_000) - 90_000_000) / 1e6).ToString(CultureInfo.InvariantCulture);

    private string Around(string text) => Pick(Blank) + text + Pick(Blank);

    private string MemberName() => Below(40) == 0 ? "\\u0061" : Pick(Names);

    private string Field(LineFormat format) => format switch
    {
        LineFormat.Csv => $"{1 + Below(5)}",
        LineFormat.Combined => Pick([.. CombinedFields.Names]),
        _ => Path(),
    };

    private string Partner(LineFormat format, ref string field)
    {
        if (format is LineFormat.Ndjson && Below(3) > 0)
        {
            (field, var outer) = ($"{field}.lat", field);
            return Below(8) == 0 ? "lon" : $"{outer}.lon";
        }

        return Field(format);
    }

    private string PathName() => Pick(Names) is var name && name.Any(c => c > '~') ? Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(name)) : name;

    private string Broken(string record, int one)
    {
        if (record.Length == 0 || Below(one) > 0)
        {
            return record;
        }

        var at = Below(record.Length);
        return Below(3) switch
        {
            0 => record.Remove(at, 1),
            1 => record[..at],
            _ => record[..at] + (char)Below(256) + record[(at + 1)..],
        };
    }

    private string Pick(IReadOnlyList<string> all) => all[Below(all.Count)];
}
