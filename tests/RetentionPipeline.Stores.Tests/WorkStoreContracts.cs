using RetentionPipeline.Adapters.Blobs;
using RetentionPipeline.Adapters.Tables;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;
using RetentionPipeline.Stores.Tests.Accounts;

namespace RetentionPipeline.Stores.Tests;

/// <summary>What every object store must do.</summary>
public abstract class ObjectStoreContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    protected abstract Task<IObjectStore> OpenAsync();

    [ContractFact]
    public async Task The_first_write_stands_and_the_second_is_told_what_does()
    {
        var store = await OpenAsync();
        Assert.Equal("one"u8.ToArray(), (await store.WriteOnceAsync("a/b", "one"u8.ToArray(), None)).Content.ToArray());
        Assert.Equal("one"u8.ToArray(), (await store.WriteOnceAsync("a/b", "two"u8.ToArray(), None)).Content.ToArray());
        Assert.Null(await store.ReadAsync("a/c", None));
    }

    [ContractFact]
    public async Task Of_many_first_writers_one_wins_and_all_agree()
    {
        var store = await OpenAsync();
        var seen = await Task.WhenAll(Enumerable.Range(0, 8).Select(number =>
            Task.Run(() => store.WriteOnceAsync("race", new[] { (byte)number }, None))));
        Assert.Single(seen.Select(stands => stands.Content.Span[0]).Distinct());
    }

    [ContractFact]
    public async Task A_replacement_needs_the_version_that_stands()
    {
        var store = await OpenAsync();
        var first = await store.WriteOnceAsync("x", "1"u8.ToArray(), None);
        var second = await store.ReplaceAsync("x", "2"u8.ToArray(), first.Version, None);
        Assert.NotNull(second);
        Assert.Null(await store.ReplaceAsync("x", "3"u8.ToArray(), first.Version, None));
        Assert.Equal("2"u8.ToArray(), (await store.ReadAsync("x", None))!.Content.ToArray());
        Assert.Equal(second, (await store.ReadAsync("x", None))!.Version);
        await store.DeleteAsync("x", None);
        await store.DeleteAsync("x", None);
        Assert.Null(await store.ReplaceAsync("x", "4"u8.ToArray(), second, None));
    }

    [ContractFact]
    public async Task Names_are_listed_by_prefix_and_by_segment_in_order()
    {
        var store = await OpenAsync();
        foreach (var name in new[] { "s/2/b", "s/1/a", "s/1/b", "t/1" })
        {
            await store.WriteOnceAsync(name, "x"u8.ToArray(), None);
        }

        Assert.Equal(["s/1/a", "s/1/b", "s/2/b"], await ToListAsync(store.ListAsync("s/", None)));
        Assert.Equal(["1", "2"], await ToListAsync(store.ListSegmentsAsync("s/", None)));
    }

    private static async Task<List<string>> ToListAsync(IAsyncEnumerable<string> names)
    {
        var list = new List<string>();
        await foreach (var name in names)
        {
            list.Add(name);
        }

        return list;
    }
}

public sealed class MemoryObjectStoreTests : ObjectStoreContract
{
    protected override Task<IObjectStore> OpenAsync() => Task.FromResult<IObjectStore>(new MemoryObjectStore(new Faults()));
}

[Collection(AzuriteCollection.Name)]
public sealed class BlobObjectStoreTests(AzuriteFixture azurite) : BlobObjectStoreContract(azurite);

/// <summary>Objects as blobs, wherever they are stored.</summary>
public abstract class BlobObjectStoreContract(StorageUnderTest storage) : ObjectStoreContract
{
    protected override async Task<IObjectStore> OpenAsync()
    {
        var container = storage.Blobs.GetBlobContainerClient(storage.NewName());
        await container.CreateAsync();
        return new BlobObjectStore(container);
    }
}

/// <summary>What every row store must do.</summary>
public abstract class RowStoreContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    protected abstract Task<IRowStore> OpenAsync();

    [ContractFact]
    public async Task A_commit_is_all_or_nothing()
    {
        var store = await OpenAsync();
        Assert.Equal(RowCommit.Committed, await store.CommitAsync("p", [new RowWrite.Insert("a", "1"), new RowWrite.Insert("b", "2")], None));
        var a = (await store.ReadAsync("p", "a", None))!;
        Assert.Equal(RowCommit.Conflict, await store.CommitAsync("p", [new RowWrite.Replace("a", "9", a.Version), new RowWrite.Insert("b", "9")], None));
        Assert.Equal("1", (await store.ReadAsync("p", "a", None))!.Text);
        Assert.Equal(RowCommit.Committed, await store.CommitAsync("p", [new RowWrite.Replace("a", "9", a.Version), new RowWrite.Delete("b", (await store.ReadAsync("p", "b", None))!.Version)], None));
        Assert.Null(await store.ReadAsync("p", "b", None));
    }

    [ContractFact]
    public async Task Each_condition_that_does_not_hold_is_a_conflict()
    {
        var store = await OpenAsync();
        await store.CommitAsync("p", [new RowWrite.Insert("a", "1")], None);
        var old = (await store.ReadAsync("p", "a", None))!.Version;
        await store.CommitAsync("p", [new RowWrite.Replace("a", "2", old)], None);
        Assert.Equal(RowCommit.Conflict, await store.CommitAsync("p", [new RowWrite.Insert("a", "3")], None));
        Assert.Equal(RowCommit.Conflict, await store.CommitAsync("p", [new RowWrite.Replace("a", "3", old)], None));
        Assert.Equal(RowCommit.Conflict, await store.CommitAsync("p", [new RowWrite.Delete("a", old)], None));
        Assert.Equal(RowCommit.Conflict, await store.CommitAsync("p", [new RowWrite.Replace("none", "3", old)], None));
    }

    [ContractFact]
    public async Task A_partition_is_listed_in_order_and_alone()
    {
        var store = await OpenAsync();
        await store.CommitAsync("p", [new RowWrite.Insert("b", "2"), new RowWrite.Insert("a", "1")], None);
        await store.CommitAsync("q", [new RowWrite.Insert("c", "3")], None);
        var rows = new List<string>();
        await foreach (var row in store.ListAsync("p", None))
        {
            rows.Add(row.Row + row.Text);
        }

        Assert.Equal(["a1", "b2"], rows);
    }
}

public sealed class MemoryRowStoreTests : RowStoreContract
{
    protected override Task<IRowStore> OpenAsync() => Task.FromResult<IRowStore>(new MemoryRowStore(new Faults()));
}

[Collection(AzuriteCollection.Name)]
public sealed class TableRowStoreTests(AzuriteFixture azurite) : TableRowStoreContract(azurite);

/// <summary>Rows as entities, wherever they are stored.</summary>
public abstract class TableRowStoreContract(StorageUnderTest storage) : RowStoreContract
{
    protected override async Task<IRowStore> OpenAsync()
    {
        var table = storage.Tables.GetTableClient(storage.NewName());
        await table.CreateAsync();
        return new TableRowStore(table);
    }
}
