using System.Text.Json;
using System.Text.Json.Nodes;
using RetentionPipeline.Local.Endpoints.Cosmos.Files;
using RetentionPipeline.Local.Endpoints.Cosmos.Sql;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Routes;

/// <summary>A partial update: add, set, replace, remove, incr, at most ten, and a condition.</summary>
internal sealed class ItemPatch
{
    private const int MostSteps = 10;
    private readonly List<Step> steps = [];
    private SqlNode? condition;

    private ItemPatch()
    {
    }

    public static ItemPatch Parse(byte[] body, ContainerSettings settings)
    {
        try
        {
            var sent = JsonElement.Parse(body);
            var patch = new ItemPatch
            {
                condition = sent.TryGetProperty("condition", out var text) ? SqlParser.ParseCondition(text.GetString()!) : null,
            };
            foreach (var step in sent.GetProperty("operations").EnumerateArray())
            {
                patch.Add(new Step(
                    step.GetProperty("op").GetString()!, step.GetProperty("path").GetString()!,
                    step.TryGetProperty("value", out var value) ? value : default), settings);
            }

            return patch.steps.Count is > 0 and <= MostSteps
                ? patch
                : throw GatewayException.BadRequest($"A patch has 1 to {MostSteps} operations.");
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw GatewayException.BadRequest("The body is no patch.");
        }
    }

    /// <summary>The item after all steps; refuses with 412 where the condition does not hold.</summary>
    public byte[] Apply(byte[] document)
    {
        if (condition is not null && condition.Truth(JsonElement.Parse(document)) != true)
        {
            throw GatewayException.Moved();
        }

        var item = JsonNode.Parse(document)!.AsObject();
        foreach (var step in steps)
        {
            Apply(item, step);
        }

        return JsonSerializer.SerializeToUtf8Bytes(item);
    }

    private void Add(Step step, ContainerSettings settings)
    {
        if (step.Op is not ("add" or "set" or "replace" or "remove" or "incr"))
        {
            throw GatewayException.NotHere($"patch operation '{step.Op}'");
        }

        if (step.Path is "/id" or "/_rid" or "/_ts" or "/_etag" or "/_self" || !step.Path.StartsWith('/') || settings.Paths.Contains(step.Path))
        {
            throw GatewayException.BadRequest("A patch changes fields of the client, and no partition key.");
        }

        if (step.Op is not "remove" && step.Value.ValueKind == JsonValueKind.Undefined)
        {
            throw GatewayException.BadRequest("A patch operation lacks its value.");
        }

        steps.Add(step);
    }

    private static void Apply(JsonObject item, Step step)
    {
        var names = step.Path[1..].Split('/').Select(Unescape).ToArray();
        JsonNode? parent = item;
        foreach (var name in names[..^1])
        {
            parent = Child(parent, name);
        }

        var last = names[^1];
        var there = Child(parent, last, out var found);
        switch (parent)
        {
            case JsonArray list when step.Op == "add" && (last == "-" || int.TryParse(last, out var place) && place == list.Count):
                list.Add(NodeOf(step.Value));
                return;
            case JsonArray list when step.Op == "add" && found:
                list.Insert(int.Parse(last, System.Globalization.CultureInfo.InvariantCulture), NodeOf(step.Value));
                return;
            case JsonArray list when found && step.Op == "remove":
                list.RemoveAt(int.Parse(last, System.Globalization.CultureInfo.InvariantCulture));
                return;
            case JsonArray list when found:
                list[int.Parse(last, System.Globalization.CultureInfo.InvariantCulture)] = NewValue(step, there);
                return;
            case JsonObject owner when found && step.Op == "remove":
                owner.Remove(last);
                return;
            case JsonObject owner when found || step.Op is "add" or "set" or "incr":
                owner[last] = NewValue(step, there);
                return;
            default:
                throw GatewayException.BadRequest("A patch operation points at nothing.");
        }
    }

    private static JsonNode? NewValue(Step step, JsonNode? there)
    {
        if (step.Op != "incr")
        {
            return NodeOf(step.Value);
        }

        var by = step.Value;
        if (there is null)
        {
            return NodeOf(by);
        }

        var number = there.GetValueKind() == JsonValueKind.Number
            ? JsonElement.Parse(there.ToJsonString())
            : throw GatewayException.BadRequest("Only a number can be increased.");
        return number.TryGetInt64(out var whole) && by.TryGetInt64(out var more)
            ? JsonValue.Create(checked(whole + more))
            : JsonValue.Create(number.GetDouble() + by.GetDouble());
    }

    private static JsonNode? NodeOf(JsonElement value) => JsonNode.Parse(value.GetRawText());

    private static string Unescape(string name) =>
        name.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);

    private static JsonNode? Child(JsonNode? parent, string name) => Child(parent, name, out _);

    private static JsonNode? Child(JsonNode? parent, string name, out bool found)
    {
        JsonNode? child = null;
        found = false;
        if (parent is JsonObject owner)
        {
            found = owner.TryGetPropertyValue(name, out child);
        }
        else if (parent is JsonArray list && int.TryParse(name, out var place) && place >= 0 && place < list.Count)
        {
            (found, child) = (true, list[place]);
        }

        return child;
    }

    private sealed record Step(string Op, string Path, JsonElement Value);
}
