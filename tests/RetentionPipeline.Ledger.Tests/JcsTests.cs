using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using RetentionPipeline.Ledger.Tests.Vectors;

namespace RetentionPipeline.Ledger.Tests;

public class JcsTests
{
    [Fact]
    public void The_second_implementation_writes_the_same_bytes()
    {
        JsonObject[] values =
        [
            [],
            new JsonObject { ["b"] = 1, ["a"] = new JsonObject { ["a"] = new JsonArray(), ["B"] = "x" } },
            new JsonObject { ["e"] = "\u20ac$\u000f\nA'\"\\\\\"/", ["n"] = new JsonArray(0, -7, 9007199254740991) },
            new JsonObject { ["\u007f"] = false, [""] = true, ["a\"b"] = "\u2028\ud7ff\ue000" },
        ];
        Assert.Equal(
            Vector.At("jcs").AsArray().Select(hex => hex!.GetValue<string>()),
            values.Select(value => Convert.ToHexStringLower(Jcs.Encode(value))));
    }

    [Theory]
    [InlineData("""{"b":1,"a":2}""", LeafFormatException.NotCanonical)]
    [InlineData("""{"a": 1}""", LeafFormatException.NotCanonical)]
    [InlineData("""{"a":1} """, LeafFormatException.NotCanonical)]
    [InlineData("""{"a":"\u0041"}""", LeafFormatException.NotCanonical)]
    [InlineData("""{"a":"\/"}""", LeafFormatException.NotCanonical)]
    [InlineData("""{"a":"\u000A"}""", LeafFormatException.NotCanonical)]
    [InlineData("""{"a":-0}""", LeafFormatException.NotCanonical)]
    [InlineData("""{"a":1,"a":1}""", LeafFormatException.NotRestricted)]
    [InlineData("""{"a":{"b":1,"b":2}}""", LeafFormatException.NotRestricted)]
    [InlineData("""{"a":null}""", LeafFormatException.NotRestricted)]
    [InlineData("""{"a":1.0}""", LeafFormatException.NotRestricted)]
    [InlineData("""{"a":1e3}""", LeafFormatException.NotRestricted)]
    [InlineData("""{"a":9007199254740992}""", LeafFormatException.NotRestricted)]
    [InlineData("""{"a":-9007199254740992}""", LeafFormatException.NotRestricted)]
    [InlineData("""{"a":99999999999999999999}""", LeafFormatException.NotRestricted)]
    [InlineData("""{"ä":1}""", LeafFormatException.NotRestricted)]
    [InlineData("""{"a":"\ud800"}""", LeafFormatException.NotRestricted)]
    [InlineData("""{"a":1,}""", LeafFormatException.NotRestricted)]
    [InlineData("""{"a":1}{}""", LeafFormatException.NotRestricted)]
    [InlineData("[]", LeafFormatException.NotCanonical)]
    [InlineData("null", LeafFormatException.NotCanonical)]
    [InlineData("", LeafFormatException.NotRestricted)]
    [InlineData("{\"a\":\"\u0001\"}", LeafFormatException.NotRestricted)]
    [InlineData("\ufeff{}", LeafFormatException.NotRestricted)]
    public void Bytes_that_are_not_canonical_are_refused(string json, string reason)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        Assert.False(Jcs.IsCanonical(bytes));
        Assert.Equal(reason, Assert.Throws<LeafFormatException>(() => Jcs.Parse(bytes)).Reason);
    }

    /// <summary>
    /// There are two readers: one that builds and writes again, and one that only passes over. The second never accepts
    /// what the first does not, and knows all that leaves are made of.
    /// </summary>
    [Fact]
    public void The_fast_reader_agrees_with_the_one_that_writes_again()
    {
        var seed = new JsonObject
        {
            ["A"] = new JsonArray(1, -7, 0, true, "x", new JsonObject { ["a"] = "\u20ac", ["b"] = new JsonArray() }),
            ["b"] = 9007199254740991,
            ["c"] = new JsonObject { ["d"] = false, ["e"] = new JsonObject() },
        };
        byte[][] seeds = [Jcs.Encode(seed), Vector.SampleLeaf(5), "{}"u8.ToArray(), "{\"a\":-0}"u8.ToArray(), "{\"a\":01}"u8.ToArray()];
        Assert.All([seeds[0], seeds[2]], bytes => Assert.True(CanonicalReader.IsObject(bytes)));
        var bytesOfJson = "{}[],:\"\\0-1tf.e "u8.ToArray();
        var value = Gen.OneOf(Gen.Byte, Gen.Byte[0x21, 0x7D], Gen.Int[0, bytesOfJson.Length - 1].Select(at => bytesOfJson[at]));
        var change = Gen.Select(Gen.Int[0, 400], value, Gen.Int[0, 2]);
        Gen.Select(Gen.Int[0, seeds.Length - 1], change.Array[1, 3]).Sample((chosen, changes) =>
        {
            var text = seeds[chosen].ToList();
            foreach (var (place, written, kind) in changes)
            {
                var at = place % (text.Count + 1);
                switch (kind)
                {
                    case 0 when at < text.Count:
                        text[at] = written;
                        break;
                    case 1 when at < text.Count:
                        text.RemoveAt(at);
                        break;
                    default:
                        text.Insert(at, written);
                        break;
                }
            }

            byte[] changed = [.. text];
            return !CanonicalReader.IsObject(changed) || IsReadAndWrittenAgain(changed);
        }, iter: 100_000);

        static bool IsReadAndWrittenAgain(byte[] bytes)
        {
            try
            {
                Jcs.Parse(bytes);
                return true;
            }
            catch (LeafFormatException)
            {
                return false;
            }
        }
    }

    [Fact]
    public void Invalid_utf8_is_refused() => Assert.False(Jcs.IsCanonical([.. "{\"a\":\""u8, 0xC3, 0x28, .. "\"}"u8]));

    [Fact]
    public void What_the_restricted_form_lacks_is_named_by_path_and_never_by_value()
    {
        const string secret = "erika.mustermann@example.org";
        (JsonObject Value, string Path)[] cases =
        [
            (new JsonObject { ["a"] = new JsonArray(1, 1.5) }, "$.a[1]"),
            (new JsonObject { ["a"] = new JsonObject { ["b"] = null } }, "$.a.b"),
            (new JsonObject { ["a"] = new JsonObject { [secret + "ä"] = 1 } }, "$.a"),
            (new JsonObject { ["a"] = secret + "\ud800" }, "$.a"),
            (new JsonObject { ["a"] = JsonValue.Create(Guid.Empty) }, "$.a"),
            (new JsonObject { ["a"] = 1L << 53 }, "$.a"),
            (new JsonObject { ["a"] = 1m / 3 }, "$.a"),
        ];
        foreach (var (value, path) in cases)
        {
            var problem = Assert.Throws<ArgumentException>(() => Jcs.Encode(value));
            Assert.Contains(path, problem.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("erika", problem.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Thirty_two_levels_are_written_and_read_and_one_more_is_not()
    {
        Assert.True(Jcs.IsCanonical(Jcs.Encode(Nested(32))));
        Assert.Throws<ArgumentException>(() => Jcs.Encode(Nested(33)));
        var deeper = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 32)) + "{}" + new string('}', 32));
        Assert.False(Jcs.IsCanonical(deeper));

        static JsonObject Nested(int levels) => levels == 1 ? [] : new JsonObject { ["a"] = Nested(levels - 1) };
    }

    [Fact]
    public void What_is_written_is_read_and_written_again_the_same()
    {
        var text = Gen.Char.Array[0, 8].Select(chars => new string(chars)).Where(IsWhole);
        var key = Gen.Char['\0', '\u007f'].Array[0, 4].Select(chars => new string(chars));
        var gen = Gen.Select(Gen.Dictionary(key, text)[0, 6], Gen.Long[-((1L << 53) - 1), (1L << 53) - 1].Array[0, 4], Gen.Bool);
        gen.Sample(sample =>
        {
            var value = new JsonObject { ["l"] = new JsonArray([.. sample.Item2.Select(n => (JsonNode)n)]), ["f"] = sample.Item3 };
            value["d"] = new JsonObject(sample.Item1.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
            var bytes = Jcs.Encode(value);
            return Jcs.Encode(Jcs.Parse(bytes)).AsSpan().SequenceEqual(bytes);
        });

        static bool IsWhole(string text)
        {
            for (var i = 0; i < text.Length; i++)
            {
                if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                {
                    i++;
                }
                else if (char.IsSurrogate(text[i]))
                {
                    return false;
                }
            }

            return true;
        }
    }

    [Fact]
    public void A_changed_byte_is_never_read_as_the_same_value()
    {
        var bytes = Vector.SampleLeaf(5);
        Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte[1, 255]).Sample((at, flip) =>
        {
            var changed = bytes.ToArray();
            changed[at] ^= flip;
            return !Jcs.IsCanonical(changed) || !JsonNode.DeepEquals(Jcs.Parse(changed), Jcs.Parse(bytes));
        });
    }
}
