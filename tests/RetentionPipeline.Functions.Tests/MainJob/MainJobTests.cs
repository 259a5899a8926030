using System.Diagnostics;
using System.Net;
using System.Text;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.Functions.Tests.Hosting;
using RetentionPipeline.Functions.Tests.Hosting.Protocol;
using Xunit.Abstractions;

namespace RetentionPipeline.Functions.Tests.MainJob;

/// <summary>
/// The published app alone does the work of the pipeline: over three stores, requests included, its timers fired by the test
/// as the Functions host would, killed and ended in the middle.
/// </summary>
[Collection(AppCollection.Name)]
public sealed class MainJobTests(ITestOutputHelper output)
{
    private static readonly string[] Timers = ["scan", "pump", "integrate", "reconcile"];
    private readonly long startedAt = Stopwatch.GetTimestamp();

    [Fact]
    public async Task It_does_the_main_job_through_a_kill_and_an_end_in_mid_pump()
    {
        await using var company = await CompanyOnThisMachine.StartAsync(records: 300, logMegabytes: 1);
        await RunAsync(company, kills: 1, patience: TimeSpan.FromMinutes(5));
    }

    [LongFact, Trait("Category", "Long")]
    public async Task Over_20_000_records_killed_ten_times_at_random_and_ended_in_mid_pump_it_loses_and_doubles_nothing()
    {
        await using var company = await CompanyOnThisMachine.StartAsync(records: 20_000, logMegabytes: 8);
        await RunAsync(company, kills: 10, patience: TimeSpan.FromMinutes(30));
    }

    private async Task RunAsync(CompanyOnThisMachine company, int kills, TimeSpan patience)
    {
        Say("the company stands");
        await FirstLookAsync(company);
        await company.AskAsync();
        await EndInMidPumpAsync(company);
        var random = new Random(20261126);
        var hit = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            await using var app = await PublishedApp.StartAsync(company.Settings);
            await using var driver = new TimerDriver(app);
            driver.Start(Timers);
            await Task.Delay(random.Next(500, 10_000));
            hit += await company.LeftAsync() is null ? 0 : 1;
            await app.KillAsync();
        }

        Say($"{hit} of {kills} kills met work that was not done");
        Assert.True(hit > kills / 2, $"Only {hit} of {kills} kills met work that was not done.");
        await using var last = await PublishedApp.StartAsync(company.Settings);
        await RunToTheEndAsync(company, last, patience);
        await AssertDoneAsync(company, last);
    }

    /// <summary>The first run of the timer puts the policy in force, and notes when it saw each rule first.</summary>
    private static async Task FirstLookAsync(CompanyOnThisMachine company)
    {
        await using var app = await PublishedApp.StartAsync(company.Settings);
        Assert.Equal(HttpStatusCode.NotFound, (await app.GetAsync("checkpoint")).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await app.GetAsync("health")).Status);
        AssertSuccess(await app.RunTimerAsync("scan"));
        Assert.Equal(0, await app.TerminateAsync());
    }

    private async Task EndInMidPumpAsync(CompanyOnThisMachine company)
    {
        await using var app = await PublishedApp.StartAsync(company.Settings);
        AssertSuccess(await app.RunTimerAsync("scan"));
        var pump = await app.BeginTimerAsync("pump");
        await using (var driver = new TimerDriver(app))
        {
            driver.Start("reconcile");
            for (var waited = Stopwatch.GetTimestamp(); await company.EndedAsync() == 0;)
            {
                Assert.True(Stopwatch.GetElapsedTime(waited) < TimeSpan.FromMinutes(2), "Nothing was erased.");
                if (pump.Response.IsCompleted)
                {
                    pump = await app.BeginTimerAsync("pump");
                }

                await Task.Delay(100);
            }

            Assert.False(pump.Response.IsCompleted, "The pump had ended by itself.");
            var at = Stopwatch.GetTimestamp();
            await app.TerminateAsync();
            Say($"terminated in mid-pump: exit within {Stopwatch.GetElapsedTime(at).TotalSeconds:F2} s");
        }

        Assert.NotNull(await company.LeftAsync());
    }

    private async Task RunToTheEndAsync(CompanyOnThisMachine company, PublishedApp app, TimeSpan patience)
    {
        long cancelledAt;
        await using (var driver = new TimerDriver(app))
        {
            driver.Start(Timers);
            for (var waited = Stopwatch.GetTimestamp(); await company.LeftAsync() is { } left;)
            {
                Assert.True(Stopwatch.GetElapsedTime(waited) < patience, left + "\n" + string.Join('\n', driver.Failures));
                await Task.Delay(500);
            }

            Say("everything has ended");
            Assert.Empty(driver.Failures);
            cancelledAt = Stopwatch.GetTimestamp();
        }

        var ending = Stopwatch.GetElapsedTime(cancelledAt);
        Say($"cancelled: the functions ended within {ending.TotalSeconds:F1} s");
        Assert.True(ending < TimeSpan.FromSeconds(20), $"Cancelled, the functions took {ending} to end.");
    }

    private async Task AssertDoneAsync(CompanyOnThisMachine company, PublishedApp app)
    {
        // Queues are empty: the pump looks once, and ends.
        var looked = Stopwatch.GetTimestamp();
        AssertSuccess(await app.RunTimerAsync("pump"));
        Assert.True(Stopwatch.GetElapsedTime(looked) < TimeSpan.FromSeconds(20), $"A first look took {Stopwatch.GetElapsedTime(looked)}.");
        Say($"a first look at empty queues took {Stopwatch.GetElapsedTime(looked).TotalSeconds:F1} s");
        Assert.Empty(await company.DifferencesAsync());
        Assert.Equal(["shop-1 Completed: 24 done", "desk-1 PartiallyCompleted: 22 done, 2 held", "consent-1 Rejected: "], await company.RequestsAsync());
        Assert.All(await company.DeadLettersAsync(), queue => Assert.Equal(0, queue.Value));
        var statuses = await company.StatusesAsync();
        Assert.Equal(32, statuses.Count);
        Assert.All(statuses, status => Assert.Equal(status.Totals.Due, status.NotActed + status.Results.Values.Sum()));
        Assert.True(statuses.Sum(status => status.Ended) > 50);

        AssertSuccess(await app.RunTimerAsync("integrate"));
        AssertSuccess(await app.RunTimerAsync("tidy"));
        AssertSuccess(await app.RunTimerAsync("freshness"));
        var health = await app.GetAsync("health");
        Assert.Equal((HttpStatusCode.OK, """{"status":"fresh","late":[]}"""), (health.Status, Encoding.UTF8.GetString(health.Body)));
        var verdict = await PublicEvidence.VerifyAsync(app, Path.Combine(company.Folder, "log"), await company.OpeningsAsync());
        Assert.Empty(verdict.Problems);
        Assert.Empty(verdict.Meaning!.OpenIntents);
        Say($"{statuses.Sum(status => status.Ended)} records ended; the log of {verdict.Structure.Checkpoint?.Size} leaves verifies");
    }

    private static void AssertSuccess(StatusResult result) =>
        Assert.True(result.Status is StatusResult.Types.Status.Success, $"{result.Exception?.Type} {result.Exception?.Message}");

    private void Say(string text) => output.WriteLine($"{Stopwatch.GetElapsedTime(startedAt).TotalSeconds:F1} s: {text}");
}
