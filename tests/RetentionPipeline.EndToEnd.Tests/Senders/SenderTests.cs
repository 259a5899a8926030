using System.Text.Json.Nodes;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.EndToEnd.Tests.LocalRuns;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.EndToEnd.Tests.Senders;

/// <summary>The senders that other systems start from, against the real pipeline: both as processes, over Service Bus.</summary>
[Collection(ChildrenCollection.Name)]
public sealed class SenderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("senders-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Each_sender_is_answered_and_shows_nothing_of_the_person()
    {
        var data = Path.Combine(folder, "data");
        await using var run = new StartedRun("--once", "--keep", "--records", "200", "--log-mb", "0", "--data", data);
        await run.SaysAsync("stays up");
        var bus = Deployment.Load(Path.Combine(data, Deployment.FileName)).Queue;
        Assert.Contains(bus, run.Output, StringComparison.Ordinal);

        foreach (var (send, number) in new[] { (SampleSender.JavaScriptAsync, 11), ((Func<string, string, string[], Task<(int, string)>>)SampleSender.CSharpAsync, 12) })
        {
            await AssertAnsweredAsync(send, bus, number);
        }

        await run.SignalAsync("INT");
        await run.WaitForExitAsync();
        Assert.DoesNotContain(SampleCompany.Canary, run.Output, StringComparison.Ordinal);
    }

    private static async Task AssertAnsweredAsync(Func<string, string, string[], Task<(int Code, string Output)>> send, string bus, int customer)
    {
        var id = $"case-{customer}";
        var (code, output) = await send(bus, Identifiers("customer-id", SampleCompany.CustomerId(customer)), ["web-shop", id]);
        Assert.True(code == 0, output);
        var answers = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)
            .Where(answer => (string?)answer["event"] == id).ToList();
        Assert.Equal("accepted", (string?)answers[0]["state"]);
        Assert.Contains((string?)answers[^1]["state"], new[] { "completed", "partially-completed" });
        Assert.All(answers[^1]["datasets"]!.AsArray(), dataset => Assert.Contains((string?)dataset!["state"], new[] { "done", "kept" }));
        Assert.DoesNotContain(SampleCompany.Canary, output, StringComparison.Ordinal);

        (code, output) = await send(bus, Identifiers("phone", SampleCompany.CustomerId(customer)), ["web-shop", $"bad-{customer}"]);
        Assert.True(code == 1, output);
        Assert.Contains("kind-not-allowed", output, StringComparison.Ordinal);
        Assert.DoesNotContain(SampleCompany.Canary, output, StringComparison.Ordinal);

        (code, output) = await send(bus, $"{SampleCompany.CustomerId(customer)} is no JSON", ["web-shop"]);
        Assert.Equal(2, code);
        Assert.DoesNotContain(SampleCompany.Canary, output, StringComparison.Ordinal);
        Assert.Equal(2, (await send(bus, "", [])).Code);
    }

    private static string Identifiers(string kind, string value) => $$"""[{"kind": "{{kind}}", "value": "{{value}}"}]""";
}
