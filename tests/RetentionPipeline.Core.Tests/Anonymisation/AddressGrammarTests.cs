namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary>
/// Every rule of the grammar in both directions. Each line is also given to the second implementation, so that it is
/// judged by the same cases.
/// </summary>
public sealed class AddressGrammarTests
{
    [Theory]
    [InlineData("203.0.113.77", "203.0.113.0")]
    [InlineData("203.0.113.255 198.51.100.1", "203.0.113.0 198.51.100.0")]
    [InlineData("192.168.001.010", "192.168.001.000")]
    [InlineData("192.168.123.234", "192.168.123.0")]
    [InlineData("203.0.113.077", "203.0.113.077")]
    [InlineData("203.00.113.77", "203.00.113.77")]
    [InlineData("256.0.113.77", "256.0.113.77")]
    [InlineData("203.0.113.256", "203.0.113.256")]
    [InlineData("203.0.113", "203.0.113")]
    [InlineData("203..0.113.77", "203..0.113.77")]
    public void Rule_1_four_numbers_without_leading_zeros_or_all_of_three_digits(string line, string expected) =>
        Check(line, expected);

    [Theory]
    [InlineData("2001:db8:a:b::1", "2001:db8:a::")]
    [InlineData("2001:DB8:A:B::1", "2001:db8:a::")]
    [InlineData("2001:0db8:000a:000b:0000:0000:0000:0001", "2001:db8:a::")]
    [InlineData("::1", "::")]
    [InlineData("64:ff9b::203.0.113.77", "64:ff9b::")]
    [InlineData("fe80::1%eth0", "fe80::%eth0")]
    [InlineData("2001:db8::1::2", "2001:db8::1::2")]
    [InlineData("2001:db8:1:2:3:4:5", "2001:db8:1:2:3:4:5")]
    [InlineData("20011:db8::1", "20011:db8::1")]
    [InlineData("2001:db8::203.0.113.300", "2001:db8::203.0.113.300")]
    public void Rule_1_the_text_forms_of_RFC_4291(string line, string expected) => Check(line, expected);

    [Theory]
    [InlineData("10.0.0.1-10.0.0.20", "10.0.0.0-10.0.0.0")]
    [InlineData("10.0.0.1..10.0.0.9", "10.0.0.0..10.0.0.0")]
    [InlineData("2001:db8:1:2::3..2001:db8:1:2::9", "2001:db8:1::..2001:db8:1::")]
    [InlineData("ip_203.0.113.77_x", "ip_203.0.113.0_x")]
    [InlineData("\"203.0.113.77\",", "\"203.0.113.0\",")]
    [InlineData("host.203.0.113.77", "host.203.0.113.0")]
    [InlineData("v203.0.113.77", "v203.0.113.77")]
    [InlineData("203.0.113.77x", "203.0.113.77x")]
    [InlineData("é203.0.113.77é", "é203.0.113.0é")]
    [InlineData("203.0.113.77.example.net", "203.0.113.0.example.net")]
    [InlineData("203.0.113.77.6to4.example", "203.0.113.0.6to4.example")]
    [InlineData("seen 203.0.113.77.", "seen 203.0.113.0.")]
    [InlineData("203.0.113.77:8080", "203.0.113.0:8080")]
    [InlineData("[2001:db8:1:2::3]:8080", "[2001:db8:1::]:8080")]
    [InlineData("2001:db8:1:2::3:8080", "2001:db8:1::")]
    [InlineData("2001:db8:1:2::3: read", "2001:db8:1::: read")]
    [InlineData("2001:db8:1:2::3.443 > 2001:db8:1:2::4.51234: tcp", "2001:db8:1::.443 > 2001:db8:1::.51234: tcp")]
    [InlineData("2001:db8:1:2::3.443.5", "2001:db8:1:2::3.443.5")]
    [InlineData("2001:db8:1:2::3.443123", "2001:db8:1:2::3.443123")]
    [InlineData("203.0.113.77/32 2001:db8:1:2::3/64", "203.0.113.0/32 2001:db8:1::/64")]
    public void Rule_2_an_address_counts_where_it_is_delimited(string line, string expected) => Check(line, expected);

    [Theory]
    [InlineData("client:203.0.113.77", "client:203.0.113.0")]
    [InlineData("ip:2001:db8:1:2::3", "ip:2001:db8:1::")]
    [InlineData("node:2001:db8:1:2::3", "node:2001:db8:1::")]
    [InlineData("dead:2001:db8:1:2::3", "dead:2001:db8::")]
    [InlineData("a::b::c", "a::b::c")]
    [InlineData("1:2:3:4:5:6:7:8:9:a", "1:2:3:4:5:6:7:8:9:a")]
    [InlineData("1:2:3:203.0.113.77", "1:2:3:203.0.113.0")]
    [InlineData("a::b::c:203.0.113.77", "a::b::c:203.0.113.0")]
    [InlineData("1:2:3:4:5:6:203.0.113.77", "1:2:3::")]
    [InlineData("99999:2001:db8:1:2::3", "99999:2001:db8:1:2::3")]
    public void Rule_3_a_run_holds_at_most_one_at_its_start(string line, string expected) => Check(line, expected);

    [Theory]
    [InlineData(@"\n203.0.113.77\r\n", @"\n203.0.113.0\r\n")]
    [InlineData(@"\t2001:db8:1:2::3\f", @"\t2001:db8:1::\f")]
    [InlineData(@"\b2001:db8:1:2::3", @"\b2001:db8:1::")]
    [InlineData(@"\v203.0.113.77", @"\v203.0.113.77")]
    [InlineData(@"\u003c203.0.113.77\u003e", @"\u003c203.0.113.0\u003e")]
    [InlineData(@"\u003c2001:db8:1:2::3\u003e", @"\u003c2001:db8:1::\u003e")]
    [InlineData(@"u003c203.0.113.77", @"u003c203.0.113.77")]
    [InlineData("ip%3D203.0.113.77%26", "ip%3D203.0.113.0%26")]
    [InlineData("%20203.0.113.77", "%20203.0.113.0")]
    [InlineData("%5B2001:db8:1:2::3%5D", "%5B2001:db8:1::%5D")]
    [InlineData("%5B::ffff:203.0.113.77%5D", "%5B::ffff:203.0.113.0%5D")]
    [InlineData("%20.0.113.77", "%20.0.113.0")]
    [InlineData("ip=2001%3Adb8%3A1%3A2%3A%3A3&", "ip=2001%3Adb8%3A1%3A%3A&")]
    [InlineData("ip=2001%3adb8%3a1%3a2%3a%3a3&", "ip=2001%3adb8%3a1%3a%3a&")]
    [InlineData("ip=2001:db8%3A1%3A2%3A%3A3&", "ip=2001:db8:1::&")]
    [InlineData("%3A%3Affff%3A203.0.113.77", "%3A%3Affff%3A203.0.113.0")]
    [InlineData("\u001b[32m203.0.113.77\u001b[0m", "\u001b[32m203.0.113.0\u001b[0m")]
    [InlineData("\u001b[1;31m2001:db8:1:2::3\u001b[0m", "\u001b[1;31m2001:db8:1::\u001b[0m")]
    [InlineData(@"\u001b[32m203.0.113.77 \x1b[m203.0.113.77 \e[0m203.0.113.77 \033[38;5;9m203.0.113.77", @"\u001b[32m203.0.113.0 \x1b[m203.0.113.0 \e[0m203.0.113.0 \033[38;5;9m203.0.113.0")]
    [InlineData("[32m203.0.113.77", "[32m203.0.113.77")]
    [InlineData("%2g203.0.113.77", "%2g203.0.113.77")]
    public void Rule_4_escapes_delimit(string line, string expected) => Check(line, expected);

    [Theory]
    [InlineData("1.3.6.1.4.1.311 1.2.3.4.5 1.2.3.4.5-beta")]
    [InlineData("10.0.0.1.443")]
    [InlineData("300.1.2.3 1.2.3 v1.2.3.4")]
    [InlineData("10:15:30 2026-11-25T10:15:30.123 [25/Nov/2026:10:15:30 +0000] 25.11.2026")]
    [InlineData("12:34:56:78:9a:bc 12-34-56-78-9a-bc")]
    [InlineData("aa:bb:cc:dd:ee:ff:00:11 aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99")]
    [InlineData("d41d8cd98f00b204e9800998ecf8427e 550e8400-e29b-41d4-a716-446655440000")]
    [InlineData("std::vector x::1 foo::bar")]
    [InlineData("Chrome/126.0.6478.127")]
    public void Rule_5_never_an_address(string line) => Check(line, line);

    [Theory]
    [InlineData("face::add", "face::")]
    [InlineData("12:34:56:2001:db8::1", "12:34:56::")]
    [InlineData("Chrome/110.0.123.45", "Chrome/110.0.123.0")]
    public void Rule_5_what_reads_as_an_address_is_one(string line, string expected) => Check(line, expected);

    [Theory]
    [InlineData("::ffff:203.0.113.77", "::ffff:203.0.113.0")]
    [InlineData("0:0:0:0:0:FFFF:203.0.113.77", "::ffff:203.0.113.0")]
    [InlineData("::ffff:c633:6417", "::ffff:c633:6400")]
    [InlineData("2002:cb00:714d:1::1", "2002:cb00:7100::")]
    [InlineData("2002:cb00:7100::", "2002:cb00:7100::")]
    [InlineData("0:0:0:0:1:2:3:4", "::")]
    public void Rule_6_the_network_part_stays(string line, string expected) => Check(line, expected);

    [Theory]
    [InlineData("/2001:db8:1:2:3:4:5:6:51234", "/2001:db8:1:0:0:0:0:0:51234")]
    [InlineData("2001:db8:1:2:3:4:5:6:65535 ", "2001:db8:1:0:0:0:0:0:65535 ")]
    [InlineData("2001:db8:1:2:3:4:5:6:65536 ", "2001:db8:1:2:3:4:5:6:65536 ")]
    [InlineData("2001:db8:1:2:3:4:5:6:7f", "2001:db8:1:2:3:4:5:6:7f")]
    [InlineData("2001:db8:1:2:3:4:5:6:80:", "2001:db8:1:0:0:0:0:0:80:")]
    [InlineData("aa:bb:cc:dd:ee:ff:00:11:80", "aa:bb:cc:dd:ee:ff:00:11:80")]
    public void Rule_7_the_port_that_Java_writes_stays_a_port(string line, string expected) => Check(line, expected);

    [Theory]
    [InlineData("77.113.0.203.in-addr.arpa", "0.113.0.203.in-addr.arpa")]
    [InlineData("077.113.000.203.IN-ADDR.ARPA.", "000.113.000.203.IN-ADDR.ARPA.")]
    [InlineData("113.0.203.in-addr.arpa", "113.0.203.in-addr.arpa")]
    [InlineData("77.113.0.203.in-addr.arpanet", "77.113.0.0.in-addr.arpanet")]
    [InlineData("5.77.113.0.203.in-addr.arpa", "5.77.113.0.203.in-addr.arpa")]
    [InlineData(
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.0.0.0.a.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
        "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.a.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")]
    [InlineData(
        "f.1.2.3.4.f.f.f.f.f.f.f.f.f.f.f.b.f.f.f.a.0.0.0.8.B.D.0.1.0.0.2.ip6.arpa",
        "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.a.0.0.0.8.B.D.0.1.0.0.2.ip6.arpa")]
    [InlineData("8.b.d.0.1.0.0.2.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa")]
    public void Rule_8_reverse_names_run_backwards(string line, string expected) => Check(line, expected);

    [Theory]
    [InlineData("203.0.113.0 192.168.001.000 2001:0DB8:000A:: 2001:db8:a:0:0:0:0:0 ::FFFF:203.0.113.0 ::")]
    public void Rule_9_what_is_cut_already_is_left_byte_for_byte(string line) => Check(line, line);

    [Theory]
    [InlineData("\u0080\u00ff203.0.113.77\u00c3\r\n\r\n\n203.0.113.77", "\u0080\u00ff203.0.113.0\u00c3\r\n\r\n\n203.0.113.0")]
    [InlineData("\0203.0.113.77\0", "\0203.0.113.0\0")]
    public void Rule_10_other_bytes_pass_through(string text, string expected) => Check(text, expected);

    [Theory]
    [InlineData("a::c:d:e:f:1:1", 127, "a::c:d:e:f:1:0")]
    [InlineData("1:2:3:4:5:6:7:8", 112, "1:2:3:4:5:6:7:0")]
    public void Rule_11_no_line_grows(string line, int bits, string expected)
    {
        Assert.Equal(expected, Engine.TruncateIp(line, 24, bits));
        Assert.Equal(expected, new ReferenceGrammar(24, bits).TruncateIp(line));
    }

    [Theory]
    [InlineData("customer-187-141-143-180-sta.example", "customer-0-141-143-0-sta.example")]
    [InlineData("dsl-082-083-227-067.example", "dsl-0-083-227-0.example")]
    [InlineData("h64-187-1-131.example", "h0-187-1-0.example")]
    [InlineData("node1.187_141_143_180.example", "node1.0_141_143_0.example")]
    [InlineData("082.083.227.067.dsl.example", "0.083.227.0.dsl.example")]
    [InlineData("ip-10-11-12-13", "ip-0-11-12-0")]
    [InlineData("log-24-01-02-03.gz", "log-24-01-02-03.gz")]
    [InlineData("log-24-13-02-03.gz", "log-0-13-02-0.gz")]
    [InlineData("a-1-2-3-4-5.example", "a-1-2-3-4-5.example")]
    [InlineData("187-141-143-180", "187-141-143-180")]
    [InlineData("a-256-1-2-3.example", "a-256-1-2-3.example")]
    [InlineData("a-1-2_3-4.example", "a-1-2_3-4.example")]
    [InlineData("203.0.113.77.dsl.example", "203.0.113.77.dsl.example")]
    [InlineData("550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000")]
    public void Host_names_that_spell_out_an_address(string line, string expected)
    {
        Assert.Equal(expected, Engine.TruncateHost(line));
        Assert.Equal(expected, ReferenceHosts.TruncateHost(line));
    }

    private static void Check(string line, string expected)
    {
        Assert.Equal(expected, Engine.TruncateIp(line));
        Assert.Equal(expected, string.Join('\n', line.Split('\n').Select(new ReferenceGrammar(24, 48).TruncateIp)));
        Assert.Equal(expected, Engine.TruncateIp(expected));
    }
}
