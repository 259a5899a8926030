using System.Text;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary>Lines that look like addresses, and nearly do: made of fragments that the grammar treats apart. Seeded.</summary>
internal sealed class FuzzLines(ulong seed)
{
    private static readonly string[] Fragments =
    [
        "203.0.113.77", "198.51.100.9", "192.0.2.255", "10.0.0.1", "192.168.001.010", "203.000.113.077", "256.1.2.3", "1.2.3",
        "2001:db8::1", "2001:db8:a:b::1", "2001:DB8:0:0:1:0:0:1", "::1", "::", "fe80::1", "::ffff:203.0.113.7", "::ffff:c633:6417",
        "2002:cb00:714d::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6:51234", "64:ff9b::203.0.113.9", "1:2:3:4:5:6:192.0.2.33",
        "12:34:56:78:9a:bc", "aa:bb:cc:dd:ee:ff:00:11", "face::add", "std::vector", "dead:beef", "a::b::c",
        "2001%3adb8%3a%3a1", "%3A%3Affff%3A203.0.113.7", "%3A", "%3a", "%20", "%5B", "%2", "%", "\\n", "\\b", "\\f", "\\t", "\\u003c", "\\u00",
        "\u001b[32m", "\\u001b[0m", "\\x1b[1;31m", "\\e[m", "\\033[38;5;2m", "[32m",
        "77.113.0.203.in-addr.arpa", ".in-addr.arpa", ".IN-ADDR.ARPA.",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.0.0.0.a.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "f.1.2.3.4.f.ip6.arpa", ".ip6.arpa",
        "customer-187-141-143-180-sta", "082-083-227-067", "187_141_143_180", "24-01-02-03", "10-11-12-13", "082.083.227.067", "1.02.3.4",
        "1-2-3-4-5", "-1-2", "_7", ".8", ".443", ".99999", ":8080", ":443", "/24", "%eth0", "-", "_", ".", "..", ":", "[", "]", " ", "\"", "=",
        "0", "1", "25", "255", "a", "f", "x", "example", "é", "ÿ", "\r", "2026-11-25T10:15:30.123Z", "Chrome/110.0.123.45", "6to4",
        "0000", "00", "07", ":0", "::0", "1::", "ffff", "2002:",
    ];

    private const string Alphabet = "0123456789abcdefABCDEFxyzm.:.:.:-_%\\[;u3A ";

    private ulong state = seed;

    public string Next()
    {
        var text = new StringBuilder();
        for (var left = 1 + Below(7); left > 0; left--)
        {
            switch (Below(10))
            {
                case 0:
                    for (var random = Below(24); random > 0; random--)
                    {
                        text.Append(Alphabet[Below(Alphabet.Length)]);
                    }

                    break;
                case 1:
                    text.Append(Cut(Fragments[Below(Fragments.Length)]));
                    break;
                case 2:
                    text.Append(string.Join('.', Enumerable.Range(0, 4).Select(_ => Below(270))));
                    break;
                case 3:
                    text.Append(string.Join(':', Enumerable.Range(0, 2 + Below(7)).Select(_ => Below(4) == 0 ? "" : $"{Below(0x11000):x}")));
                    break;
                default:
                    text.Append(Fragments[Below(Fragments.Length)]);
                    break;
            }

            text.Append(Below(3) == 0 ? " " : "");
        }

        return text.ToString();
    }

    public int Below(int bound)
    {
        // SplitMix64, public domain: the same lines on every machine.
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)bound);
    }

    private string Cut(string fragment)
    {
        var from = Below(fragment.Length);
        return fragment[from..(from + 1 + Below(fragment.Length - from))];
    }
}
