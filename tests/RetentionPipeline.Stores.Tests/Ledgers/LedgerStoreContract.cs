using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Ledger;
using RetentionPipeline.Stores.Tests.Accounts;

namespace RetentionPipeline.Stores.Tests.Ledgers;

/// <summary>What the stores of every ledger must do. Two views of one ledger stand for two processes.</summary>
public abstract class LedgerStoreContract : IDisposable
{
    protected static readonly CancellationToken None = CancellationToken.None;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ledger-");

    protected string Folder => folder.FullName;

    /// <summary>An empty ledger, seen by two processes.</summary>
    protected abstract Task<(LedgerStores One, LedgerStores Other)> OpenAsync();

    [ContractFact]
    public async Task Blocks_are_read_back_as_they_were_appended_and_in_order()
    {
        var (one, other) = await OpenAsync();
        Assert.Equal(default, (await one.Lanes.ReadAsync(3, default, 100, None)).Next);
        Assert.Equal(Enumerable.Repeat(default(LanePosition), LanePosition.Lanes), await other.Lanes.LengthsAsync(None));
        await one.Lanes.AppendAsync(3, "one,"u8.ToArray(), None);
        await other.Lanes.AppendAsync(3, "two,"u8.ToArray(), None);
        await one.Lanes.AppendAsync(3, "three,"u8.ToArray(), None);
        Assert.Equal("one,two,three,", await TextAsync(other.Lanes, 3));
        Assert.Equal("", await TextAsync(other.Lanes, 4));
        Assert.Equal("three", Encoding.ASCII.GetString((await one.Lanes.ReadAsync(3, new(0, 8), 5, None)).Bytes.Span));
        Assert.Equal(new LanePosition(0, 14), (await other.Lanes.LengthsAsync(None))[3]);
        Assert.Equal(new LanePosition(0, 14), (await other.Lanes.ReadAsync(3, new(0, 14), 5, None)).Next);
    }

    [ContractFact]
    public async Task Blocks_of_many_appenders_are_each_there_once_and_whole()
    {
        var (one, other) = await OpenAsync();
        var blocks = Enumerable.Range(0, 60).Select(n => $"<{n}:{new string((char)('a' + (n % 26)), n * 17)}>").ToList();
        await Task.WhenAll(blocks.Select((block, n) => Task.Run(
            () => (n % 2 == 0 ? one : other).Lanes.AppendAsync(n % 3, Encoding.ASCII.GetBytes(block), None))));
        var read = string.Concat(await TextAsync(one.Lanes, 0), await TextAsync(one.Lanes, 1), await TextAsync(other.Lanes, 2));
        Assert.Equal(blocks.Order(), read.Split('>', StringSplitOptions.RemoveEmptyEntries).Select(block => block + ">").Order());
        Assert.Equal(read.Length, (await other.Lanes.LengthsAsync(None)).Sum(end => end.Offset));
    }

    [ContractFact]
    public async Task A_block_of_one_MiB_is_appended_and_read_in_pieces()
    {
        var (one, other) = await OpenAsync();
        var block = RandomNumberGenerator.GetBytes(LaneFrame.MaxBytes);
        await one.Lanes.AppendAsync(15, block, None);
        var read = new MemoryStream();
        for (LanePosition at = default; ;)
        {
            var chunk = await other.Lanes.ReadAsync(15, at, 300_000, None);
            if (chunk.Bytes.IsEmpty)
            {
                break;
            }

            Assert.True(chunk.Bytes.Length <= 300_000);
            read.Write(chunk.Bytes.Span);
            at = chunk.Next;
        }

        Assert.Equal(block, read.ToArray());
    }

    [ContractFact]
    public async Task The_first_record_of_a_number_stands_and_all_are_told()
    {
        var (one, other) = await OpenAsync();
        Assert.Null(await one.Journal.ReadAsync(1, None));
        Assert.Equal("a"u8.ToArray(), (await one.Journal.WriteOnceAsync(1, "a"u8.ToArray(), None)).ToArray());
        Assert.Equal("a"u8.ToArray(), (await other.Journal.WriteOnceAsync(1, "b"u8.ToArray(), None)).ToArray());
        Assert.Equal("a"u8.ToArray(), (await other.Journal.ReadAsync(1, None))!.Value.ToArray());
        Assert.Null(await one.Journal.ReadAsync(2, None));
        for (var number = 2; number < 12; number++)
        {
            var seen = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(
                () => (n % 2 == 0 ? one : other).Journal.WriteOnceAsync(number, RandomNumberGenerator.GetBytes(200), None))));
            Assert.Single(seen.Select(record => Convert.ToHexString(record.Span)).Distinct());
            Assert.Equal(seen[0].ToArray(), (await one.Journal.ReadAsync(number, None))!.Value.ToArray());
        }
    }

    [ContractTheory]
    [InlineData("tile/0/000")]
    [InlineData("tile/0/x001/x234/067")]
    [InlineData("tile/entries/000.p/17")]
    [InlineData("checkpoints/70000")]
    [InlineData("anchors/70000/authority.tsr")]
    public async Task What_was_written_first_under_a_name_stands_and_all_are_told(string name)
    {
        var (one, other) = await OpenAsync();
        Assert.Null(await one.Tiles.ReadAsync(name, None));
        var seen = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(
            () => (n % 2 == 0 ? one : other).Tiles.WriteOnceAsync(name, RandomNumberGenerator.GetBytes(8_192), None))));
        Assert.Single(seen.Select(content => Convert.ToHexString(content.Span)).Distinct());
        Assert.Equal(seen[0].ToArray(), (await other.Tiles.ReadAsync(name, None))!.Value.ToArray());
        Assert.Equal(seen[0].ToArray(), (await other.Tiles.WriteOnceAsync(name, "x"u8.ToArray(), None)).ToArray());
    }

    [ContractFact]
    public async Task Only_partial_forms_are_removed_and_only_those_of_the_name()
    {
        var (one, other) = await OpenAsync();
        string[] names = ["tile/0/000", "tile/0/000.p/1", "tile/0/000.p/255", "tile/0/001.p/9", "tile/entries/000.p/1", "tile/0/x000/000.p/3"];
        foreach (var name in names)
        {
            await one.Tiles.WriteOnceAsync(name, Encoding.ASCII.GetBytes(name), None);
        }

        await other.Tiles.RemovePartialsAsync("tile/0/000", None);
        await other.Tiles.RemovePartialsAsync("tile/0/000", None);
        await other.Tiles.RemovePartialsAsync("tile/9/000", None);
        var left = new List<string>();
        foreach (var name in names)
        {
            if (await one.Tiles.ReadAsync(name, None) is not null)
            {
                left.Add(name);
            }
        }

        Assert.Equal(["tile/0/000", "tile/0/001.p/9", "tile/entries/000.p/1", "tile/0/x000/000.p/3"], left);
    }

    [ContractFact]
    public async Task The_head_is_replaced_only_by_who_saw_it()
    {
        var (one, other) = await OpenAsync();
        Assert.Null(await one.Head.ReadAsync(None));
        Assert.Equal(HeadChange.Replaced, await one.Head.ReplaceAsync("first"u8.ToArray(), 7, null, None));
        Assert.Equal(HeadChange.Conflict, await other.Head.ReplaceAsync("second"u8.ToArray(), 8, null, None));
        var seen = (await other.Head.ReadAsync(None))!;
        Assert.Equal(("first", 7), (Encoding.ASCII.GetString(seen.Note.Span), seen.Commit));
        Assert.Equal(HeadChange.Replaced, await other.Head.ReplaceAsync("second"u8.ToArray(), 8, seen.Version, None));
        Assert.Equal(HeadChange.Conflict, await one.Head.ReplaceAsync("third"u8.ToArray(), 9, seen.Version, None));
        seen = (await one.Head.ReadAsync(None))!;
        Assert.Equal(("second", 8), (Encoding.ASCII.GetString(seen.Note.Span), seen.Commit));
    }

    [ContractFact]
    public async Task Of_many_who_saw_the_same_head_one_replaces_it()
    {
        var (one, other) = await OpenAsync();
        for (var round = 0; round < 5; round++)
        {
            var version = (await one.Head.ReadAsync(None))?.Version;
            var changes = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(
                () => (n % 2 == 0 ? one : other).Head.ReplaceAsync(Encoding.ASCII.GetBytes($"{round}-{n}"), round, version, None))));
            Assert.Single(changes, change => change is HeadChange.Replaced);
            var winner = Array.IndexOf(changes, HeadChange.Replaced);
            Assert.Equal($"{round}-{winner}", Encoding.ASCII.GetString((await other.Head.ReadAsync(None))!.Note.Span));
        }
    }

    [ContractFact]
    public async Task One_holds_the_lease_and_keeps_it()
    {
        var (one, other) = await OpenAsync();
        Assert.True(await one.Lease.TryHoldAsync(None));
        Assert.False(await other.Lease.TryHoldAsync(None));
        Assert.True(await one.Lease.TryHoldAsync(None));
    }

    /// <summary>A whole life: appended, integrated by whoever is there, exported, verified.</summary>
    [ContractFact]
    public async Task A_log_of_two_tile_levels_is_integrated_and_verifies()
    {
        var (one, other) = await OpenAsync();
        var writers = new[] { new LaneWriter(one.Lanes), new LaneWriter(other.Lanes) };
        var signer = new NoteSigner("log.example/contract", SHA256.HashData("contract"u8));
        var leaves = Enumerable.Range(0, 560).Select(Leaf).ToList();
        var integrator = new Integrator(one, signer, signer.Verifier.Name);
        foreach (var some in leaves.Chunk(80))
        {
            await Task.WhenAll(writers[0].AppendAsync(some[..50], None), writers[1].AppendAsync(some[40..], None));
            var result = await integrator.RunOnceAsync(None);
            Assert.Empty(result.Conflicts);
        }

        var last = await new Integrator(one, signer, signer.Verifier.Name).RunOnceAsync(None);
        while (last.Size < leaves.Count)
        {
            last = await integrator.RunOnceAsync(None);
        }

        Assert.Equal(leaves.Count, last.Size);
        Assert.Equal(leaves.Count, (await new Integrator(other, signer, signer.Verifier.Name).RunOnceAsync(None)).Size);
        var export = Path.Combine(Folder, "export");
        await new LogExport(new LogReader(other.Tiles, other.Head, other.Journal)).WriteAsync(export, signer.Verifier, None);
        var ids = new HashSet<string>();
        var report = new StructuralVerifier(export, signer.Verifier).Verify((_, leaf) => Assert.True(ids.Add(leaf.Id)), (_, _) => { });
        Assert.Empty(report.Problems);
        Assert.Equal(leaves.Count, ids.Count);
    }

    public void Dispose()
    {
        Close();
        folder.Delete(recursive: true);
    }

    protected virtual void Close()
    {
    }

    protected static ReadOnlyMemory<byte> Leaf(int number) => RetentionPipeline.Ledger.Leaf.Encode(
        "intent", $"op-{number}", "", new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero), new JsonObject { ["count"] = number });

    /// <summary>The whole lane, read on from segment to segment.</summary>
    protected static async Task<string> TextAsync(ILaneStore lanes, int lane)
    {
        var text = new StringBuilder();
        for (LanePosition at = default; ;)
        {
            var chunk = await lanes.ReadAsync(lane, at, 1_000, None);
            if (chunk.Bytes.IsEmpty && chunk.Next == at)
            {
                return text.ToString();
            }

            text.Append(Encoding.ASCII.GetString(chunk.Bytes.Span));
            at = chunk.Next;
        }
    }
}

/// <summary>Where segments can be made to close early.</summary>
public abstract class RollingLedgerContract : LedgerStoreContract
{
    /// <summary>As <see cref="LedgerStoreContract.OpenAsync"/>, with segments that close after five blocks of 20 bytes.</summary>
    protected abstract Task<(LedgerStores One, LedgerStores Other)> OpenRollingAsync();

    [ContractFact]
    public async Task A_segment_never_grows_again_once_the_next_one_has_begun()
    {
        var (one, other) = await OpenRollingAsync();
        var closed = new Dictionary<int, string>();
        var written = "";
        for (var n = 0; n < 33; n++)
        {
            var block = $"{n:D18};\n";
            written += block;
            await (n % 3 == 0 ? other : one).Lanes.AppendAsync(7, Encoding.ASCII.GetBytes(block), None);
            var end = (await (n % 2 == 0 ? one : other).Lanes.LengthsAsync(None))[7];
            for (var segment = 0; segment < end.Segment; segment++)
            {
                var bytes = Encoding.ASCII.GetString((await one.Lanes.ReadAsync(7, new(segment, 0), 10_000, None)).Bytes.Span);
                Assert.Equal(closed.TryAdd(segment, bytes) ? bytes : closed[segment], bytes);
                var next = await other.Lanes.ReadAsync(7, new(segment, bytes.Length), 10_000, None);
                Assert.Equal((0, new LanePosition(segment + 1, 0)), (next.Bytes.Length, next.Next));
            }
        }

        Assert.Equal(6, closed.Count);
        Assert.Equal(written, await TextAsync(other.Lanes, 7));
    }

    [ContractFact]
    public async Task Blocks_of_many_appenders_over_many_segments_are_each_there_once()
    {
        var (one, other) = await OpenRollingAsync();
        var blocks = Enumerable.Range(0, 200).Select(n => $"{n:D18};\n").ToList();
        await Task.WhenAll(blocks.Select((block, n) => Task.Run(
            () => (n % 2 == 0 ? one : other).Lanes.AppendAsync(0, Encoding.ASCII.GetBytes(block), None))));
        Assert.Equal(blocks, (await TextAsync(one.Lanes, 0)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(block => block + "\n").Order());
    }
}
