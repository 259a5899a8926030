using System.Net;
using System.Text.Json;
using RetentionPipeline.Functions.Settings;
using RetentionPipeline.Functions.Tests.Hosting;
using RetentionPipeline.Functions.Tests.Hosting.Protocol;

namespace RetentionPipeline.Functions.Tests.Starting;

/// <summary>The published app's functions, as its host sees them.</summary>
[Collection(AppCollection.Name)]
public sealed class FunctionTests
{
    [Fact]
    public async Task Its_functions_are_those_of_the_options_and_each_fails_clearly_where_nothing_answers()
    {
        await using var app = await PublishedApp.StartAsync(TrialSettings.Needed);
        Assert.Equal(PipelineOptions.Timers.Append("portal").Order(), app.Functions.Keys.Order());
        foreach (var timer in PipelineOptions.Timers)
        {
            var binding = JsonDocument.Parse(Assert.Single(app.Functions[timer].RawBindings)).RootElement;
            Assert.Equal($"%Retention_{timer}Schedule%", binding.GetProperty("schedule").GetString());
        }

        // Loading makes no object: the constructor's dependencies are there only if the call comes to the storage.
        var result = await app.RunTimerAsync("integrate");
        Assert.Equal(StatusResult.Types.Status.Failure, result.Status);
        Assert.Contains("127.0.0.1:9", result.Exception.Message, StringComparison.Ordinal);
        foreach (var path in new[] { "nothing", "tile/9x/000", "tile/0/../../commit/000000000001", "commit/000000000001", "" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await app.GetAsync(path)).Status);
        }

        Assert.Equal(0, await app.TerminateAsync());
    }
}
