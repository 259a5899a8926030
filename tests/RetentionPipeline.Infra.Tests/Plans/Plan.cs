using System.Text.Json.Nodes;
using RetentionPipeline.Infra.Tests.Bicep;

namespace RetentionPipeline.Infra.Tests.Plans;

/// <summary>What the template would make, and its compiled text.</summary>
internal sealed class Plan
{
    private readonly string token;

    private Plan(string template, IReadOnlyList<JsonNode> resources)
    {
        Template = template;
        var identity = (string)resources.Single(resource => TypeOf(resource) == "Microsoft.ManagedIdentity/userAssignedIdentities")["name"]!;
        token = identity[(identity.LastIndexOf('-') + 1)..];
        Resources = [.. resources.Select(resource => new PlannedResource(TypeOf(resource), Short((string)resource["id"]!), resource))];
    }

    /// <summary>The compiled template.</summary>
    public string Template { get; }

    public IReadOnlyList<PlannedResource> Resources { get; }

    /// <summary>The settings of the app.</summary>
    public IReadOnlyDictionary<string, string> Settings => Single("Microsoft.Web/sites/config").Properties.AsObject()
        .ToDictionary(pair => pair.Key, pair => (string)pair.Value!);

    /// <summary>The plan of a folder of templates with its parameter file.</summary>
    public static async Task<Plan> OfAsync(BicepSession bicep, InfraFolder folder)
    {
        var snapshot = await bicep.SnapshotAsync(folder.Parameters);
        Assert.Empty(snapshot["diagnostics"]!.AsArray());
        var compilation = await bicep.CompileAsync(folder.File("main.bicep"));
        return new Plan(compilation.Template!, [.. snapshot["predictedResources"]!.AsArray().Select(resource => resource!)]);
    }

    public IEnumerable<PlannedResource> OfType(string type) => Resources.Where(resource => resource.Type == type);

    public PlannedResource Single(string type) => OfType(type).Single();

    private static string TypeOf(JsonNode resource) => (string)resource["type"]!;

    /// <summary>Without the place, and with a star for what makes names unique.</summary>
    private string Short(string id) => id[(id.IndexOf("/providers/", StringComparison.Ordinal) + "/providers/".Length)..]
        .Replace(token, "*", StringComparison.Ordinal);
}

/// <summary>A resource of a plan.</summary>
/// <param name="Type">As in Microsoft.Storage/storageAccounts.</param>
/// <param name="Place">Its id below the resource group.</param>
/// <param name="Json">All of it.</param>
internal sealed record PlannedResource(string Type, string Place, JsonNode Json)
{
    public JsonNode Properties => Json["properties"]!;

    /// <summary>A property by its path; null if it is not there.</summary>
    public string? Value(params string[] path)
    {
        JsonNode? node = Json;
        foreach (var part in path)
        {
            node = node?[part];
        }

        return node?.ToString();
    }

    /// <summary>What differs from what is wanted of the properties.</summary>
    public IEnumerable<string> Differences(params (string Path, string Value)[] wanted) => wanted
        .Where(property => Value(property.Path.Split('.')) != property.Value)
        .Select(property => $"{Place}: {property.Path} is {Value(property.Path.Split('.')) ?? "missing"}, not {property.Value}");
}
