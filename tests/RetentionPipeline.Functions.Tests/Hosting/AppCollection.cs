namespace RetentionPipeline.Functions.Tests.Hosting;

/// <summary>Tests that start the app: one at a time, since they wait for real time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AppCollection
{
    /// <summary>Its name.</summary>
    public const string Name = "published app";
}
