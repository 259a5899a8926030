namespace RetentionPipeline.EndToEnd.Tests.Instances;

/// <summary>Tests with processes of their own: after all others, one at a time, since their rates are real.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MachineCollection
{
    /// <summary>Its name.</summary>
    public const string Name = "machine";
}

/// <summary>Tests with processes of their own and no real rate: beside all others, one at a time, so that few are up at once.</summary>
[CollectionDefinition(Name)]
public sealed class ChildrenCollection
{
    /// <summary>Its name.</summary>
    public const string Name = "children";
}
