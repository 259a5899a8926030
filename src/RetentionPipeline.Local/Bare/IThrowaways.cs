namespace RetentionPipeline.Local.Bare;

/// <summary>
/// Records of one kind of store that are made to be deleted, of the sample's size, partitions and indexing, through the
/// official SDK and nothing else.
/// </summary>
internal interface IThrowaways
{
    /// <summary>Makes the place for them.</summary>
    Task OpenAsync(CancellationToken cancel);

    /// <summary>Makes at least so many; each of what is returned deletes one of them under the version that it was made with.</summary>
    Task<IReadOnlyList<Func<CancellationToken, Task>>> MakeAsync(int count, CancellationToken cancel);

    /// <summary>Removes the place.</summary>
    Task CloseAsync(CancellationToken cancel);
}
