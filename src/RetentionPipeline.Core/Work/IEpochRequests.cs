namespace RetentionPipeline.Core.Work;

/// <summary>The open requests whose evidence needs the key of an epoch. The room of requests answers.</summary>
public interface IEpochRequests
{
    /// <summary>How many are open that were taken in under that epoch.</summary>
    Task<int> CountAsync(int epoch, CancellationToken cancel);

    /// <summary>
    /// The key is lost, and its epoch is about to be destroyed: these requests go on without it, and their evidence shows by
    /// hash alone whom they were about.
    /// </summary>
    Task GiveUpAsync(int epoch, CancellationToken cancel);
}

/// <summary>What names the same person under several epochs side by side. The room of holds answers.</summary>
public interface IEpochNames
{
    /// <summary>Takes the names under that epoch away from those of others: else the key of one would open both.</summary>
    Task DropAsync(int epoch, CancellationToken cancel);
}
