using System.Security.Cryptography;
using System.Text;
using RetentionPipeline.Ledger.Tests.Vectors;

namespace RetentionPipeline.Ledger.Tests;

public class TileTests
{
    [Theory]
    [InlineData(0, "000")]
    [InlineData(273, "273")]
    [InlineData(1_000, "x001/000")]
    [InlineData(1_234_067, "x001/x234/067")]
    [InlineData(123_456_789, "x123/x456/789")]
    public void An_index_is_written_in_groups_of_three(long index, string path) => Assert.Equal(path, TilePath.Index(index));

    [Theory]
    [InlineData(70_000, new[] { "tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1" }, 274 + 274 + 2 + 1)]
    [InlineData(256, new[] { "tile/entries/000", "tile/0/000", "tile/1/000.p/1" }, 3)]
    [InlineData(1, new[] { "tile/entries/000.p/1", "tile/0/000.p/1" }, 2)]
    [InlineData(0, new string[0], 0)]
    public void A_log_of_a_size_has_these_tiles(long size, string[] some, int count)
    {
        var all = TilePath.All(size).Select(tile => tile.Name).ToHashSet();
        Assert.Equal(count, all.Count);
        Assert.Subset(all, some.ToHashSet());
    }

    [Fact]
    public void The_second_implementation_has_the_same_tiles_of_70000_entries()
    {
        var entries = Enumerable.Range(0, 70_000).Select(i => (ReadOnlyMemory<byte>)Vector.Number(i)).ToList();
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, content) in AllTiles(entries).OrderBy(tile => tile.Name, StringComparer.Ordinal))
        {
            all.AppendData(Encoding.UTF8.GetBytes(name + "\n"));
            all.AppendData(SHA256.HashData(content));
        }

        Assert.Equal(Vector.Text("tiles70000"), Convert.ToHexStringLower(all.GetHashAndReset()));
    }

    [Fact]
    public void A_bundle_is_length_prefixed_entries()
    {
        List<ReadOnlyMemory<byte>> entries = ["one"u8.ToArray(), "two"u8.ToArray(), "three"u8.ToArray()];
        var bundle = EntryBundle.Encode(entries);
        Assert.Equal("00036f6e65000374776f00057468726565", Convert.ToHexStringLower(bundle));
        Assert.Equal(["one", "two", "three"], EntryBundle.Decode(bundle).Select(entry => Encoding.UTF8.GetString(entry.Span)));
        Assert.Empty(EntryBundle.Decode(default));
        for (var cut = 1; cut < bundle.Length; cut++)
        {
            if (cut is not (5 or 10))
            {
                Assert.Throws<FormatException>(() => EntryBundle.Decode(bundle.AsMemory(0, cut)));
            }
        }
    }

    [Fact]
    public void A_partial_tile_is_a_prefix_of_the_full_one()
    {
        var entries = Enumerable.Range(0, 256).Select(i => (ReadOnlyMemory<byte>)Vector.Number(i)).ToList();
        var full = AllTiles(entries).ToDictionary(tile => tile.Name, tile => tile.Content);
        foreach (var width in new[] { 1, 17, 255 })
        {
            var part = AllTiles(entries.GetRange(0, width)).ToDictionary(tile => tile.Name, tile => tile.Content);
            Assert.Equal(full["tile/0/000"][..(32 * width)], part[TilePath.Of(0, 0, width)]);
            Assert.Equal(full["tile/entries/000"][..(6 * width)], part[TilePath.OfEntries(0, width)]);
        }
    }

    private static IEnumerable<(string Name, byte[] Content)> AllTiles(List<ReadOnlyMemory<byte>> entries)
    {
        var edge = new TreeEdge();
        var full = entries.SelectMany(entry => edge.Add(Rfc6962.LeafHash(entry.Span))).ToList();
        return full.Select(tile => (TilePath.Of(tile.Level, tile.Index, TilePath.Width), tile.Hashes))
            .Concat(edge.Partial().Select(tile => (TilePath.Of(tile.Level, tile.Index, tile.Hashes.Length / 32), tile.Hashes)))
            .Concat(entries.Chunk(256).Select((part, i) => (TilePath.OfEntries(i, part.Length), EntryBundle.Encode(part))));
    }
}
