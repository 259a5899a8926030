using System.Text;
using System.Text.Json.Nodes;
using CsCheck;

namespace RetentionPipeline.Ledger.Tests;

/// <summary>What reads and hashes millions of leaves says the same as what reads and hashes one.</summary>
public class FastReadTests
{
    [Fact]
    public void A_view_of_a_leaf_says_what_the_leaf_says() => Gen.Select(
        Gen.String[Gen.Char['!', '~'], 1, 40], Gen.String[Gen.Char['!', '~'], 0, 20], Gen.String, Gen.Long[-62_135_596_800_000, 253_402_300_799_999])
        .Sample((id, part, text, milliseconds) =>
        {
            text = text.Replace("\ud800", "", StringComparison.Ordinal);
            if (text.Any(char.IsSurrogate))
            {
                return;
            }

            var at = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
            var bytes = Leaf.Encode("scan", id, part, at, new JsonObject { ["text"] = text });
            var view = LeafView.Read(bytes);
            Assert.Equal("scan", Encoding.ASCII.GetString(view.Type));
            Assert.Equal(id, Encoding.ASCII.GetString(view.Id));
            Assert.Equal(part, Encoding.ASCII.GetString(view.Part));
            Assert.Equal(at, view.At);
            Assert.Equal(text, (string?)JsonNode.Parse(view.Body)!["text"]);
        });

    [Theory]
    [InlineData("2026-03-01T00:00:00.000z")]
    [InlineData("2026-03-01 00:00:00.000Z")]
    [InlineData("2026-03-01T00:00:00.00Z")]
    [InlineData("2026-03-01T00:00:00.0000Z")]
    [InlineData("2026-02-29T00:00:00.000Z")]
    [InlineData("2026-03-01T24:00:00.000Z")]
    [InlineData("2026-03-01T00:60:00.000Z")]
    [InlineData("+026-03-01T00:00:00.000Z")]
    [InlineData("2026-03-01T00:00:00,000Z")]
    [InlineData("0000-03-01T00:00:00.000Z")]
    public void A_time_of_another_form_is_no_envelope(string time)
    {
        var text = Encoding.UTF8.GetString(Leaf.Encode("scan", "s", "", new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero), []));
        var wrong = Encoding.UTF8.GetBytes(text.Replace("2026-03-01T00:00:00.000Z", time, StringComparison.Ordinal));
        Assert.Equal(LeafFormatException.NoEnvelope, Assert.Throws<LeafFormatException>(() => LeafView.Read(wrong)).Reason);
    }

    [Fact]
    public void A_string_is_written_as_the_scheme_writes_it() => Gen.String.Sample(text =>
    {
        if (text.Any(char.IsSurrogate))
        {
            return;
        }

        var output = new byte[Jcs.MaxLength(text)];
        var written = Jcs.WriteString(text, output);
        Assert.Equal($"{{\"a\":{Encoding.UTF8.GetString(output.AsSpan(0, written))}}}", Encoding.UTF8.GetString(Jcs.Encode(new() { ["a"] = text })));
        Assert.Equal(text, JsonNode.Parse(output.AsSpan(0, written))!.GetValue<string>());
    });

    [Fact]
    public void Every_control_character_has_its_shortest_escape()
    {
        for (var letter = '\0'; letter < ' '; letter++)
        {
            var output = new byte[8];
            var written = Encoding.ASCII.GetString(output.AsSpan(0, Jcs.WriteString(letter.ToString(), output)));
            Assert.Equal(
                letter switch { '\b' => "\"\\b\"", '\f' => "\"\\f\"", '\n' => "\"\\n\"", '\r' => "\"\\r\"", '\t' => "\"\\t\"", _ => $"\"\\u{(int)letter:x4}\"" },
                written);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(128)]
    [InlineData(256)]
    public void The_root_of_hashes_in_a_row_is_the_root(int count)
    {
        var hashes = Vectors.Vector.NumberHashes(count);
        Assert.Equal(MerkleTree.Root(hashes), MerkleTree.Root((ReadOnlySpan<byte>)[.. hashes.SelectMany(hash => hash)]));
    }

    [Fact]
    public void Hashes_that_are_no_perfect_tree_are_refused() =>
        Assert.Throws<ArgumentException>(() => MerkleTree.Root((ReadOnlySpan<byte>)new byte[3 * Rfc6962.HashLength]));

    [Fact]
    public void A_tree_that_grew_by_tiles_is_the_tree_that_grew_by_leaves()
    {
        var hashes = Vectors.Vector.NumberHashes(257 * 256);
        var (byLeaf, byTile) = (new TreeEdge(), new TreeEdge());
        var (leafTiles, tileTiles) = (new List<string>(), new List<string>());
        foreach (var tile in hashes.Chunk(TilePath.Width))
        {
            leafTiles.AddRange(tile.SelectMany(byLeaf.Add).Where(full => full.Level > 0).Select(Text));
            tileTiles.AddRange(byTile.AddTile(MerkleTree.Root(tile)).Select(Text));
            Assert.Equal(byLeaf.Root(), byTile.Root());
            Assert.Equal(byLeaf.Size, byTile.Size);
        }

        Assert.Equal(leafTiles, tileTiles);
        Assert.Equal(byLeaf.Partial().Select(Text), byTile.Partial().Select(Text));
        byTile.Add(hashes[0]);
        Assert.Throws<InvalidOperationException>(() => byTile.AddTile(hashes[0]));

        static string Text(HashTile tile) => $"{tile.Level} {tile.Index} {Convert.ToHexString(tile.Hashes)}";
    }
}
