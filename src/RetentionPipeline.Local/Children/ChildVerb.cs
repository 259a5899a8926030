using System.Globalization;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Local.Bare;
using RetentionPipeline.Local.Runs;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.Local.Children;

/// <summary>
/// Work that is none of the pipeline's, in a process of its own (the same executable with a verb), so that the pipeline's
/// process can be measured by itself: seeding the sample company, and measuring what the SDKs alone reach. A child holds
/// our pipe and ends when the pipe does. Addresses, which may hold a key, go through that pipe, not the command line.
/// </summary>
public sealed class ChildVerb(StorePlaces places)
{
    private const string SeedVerb = "child-seed";
    private const string RawVerb = "child-bare-deletes";

    /// <summary>Writes the company if it does not stand there; returns the records written, 0 if it did.</summary>
    public async Task<int> SeedAsync(SampleSize size, CancellationToken cancel) => int.Parse(
        await RunAsync(
            SeedVerb,
            [
                Text(size.Seed), size.Now.ToString("O", CultureInfo.InvariantCulture), Text(size.RecordCount), Text(size.LogMegabytes),
                size.Faults.ToString(),
            ],
            cancel),
        CultureInfo.InvariantCulture);

    /// <summary>Bare deletes a second in a kind of store.</summary>
    public async Task<double> MeasureDeletesAsync(StoreKind kind, CancellationToken cancel) =>
        double.Parse(await RunAsync(RawVerb, [kind.ToString()], cancel), CultureInfo.InvariantCulture);

    /// <summary>The exit code if the command line is that of a child; null for everybody else's.</summary>
    public static async Task<int?> ServeAsync(string[] arguments, TimeProvider time)
    {
        if (arguments is not [SeedVerb or RawVerb, ..])
        {
            return null;
        }

        var places = new StorePlaces(
            await Console.In.ReadLineAsync() ?? "", await Console.In.ReadLineAsync() is { Length: > 0 } cosmos ? cosmos : null);
        using var ended = OwnExecutable.EndOfParent();
        try
        {
            Console.WriteLine(arguments is [RawVerb, var kind]
                ? (await MeasureHereAsync(places, Enum.Parse<StoreKind>(kind), time, ended.Token)).ToString("R", CultureInfo.InvariantCulture)
                : Text(await SeedHereAsync(places, arguments, ended.Token)));
            return 0;
        }
        catch (OperationCanceledException)
        {
            return 1;
        }
        catch (Exception failure)
        {
            // The SDK's texts quote requests; the sample is made up, so its type and first line may be told.
            await Console.Error.WriteLineAsync($"{failure.GetType().Name}: {failure.Message.Split('\n')[0]}");
            return 1;
        }
    }

    private static async Task<double> MeasureHereAsync(StorePlaces places, StoreKind kind, TimeProvider time, CancellationToken cancel)
    {
        using var cosmos = kind is StoreKind.Cosmos ? CosmosSdk.Open(places.Of(kind)) : null;
        IThrowaways records = cosmos is null ? new ThrowawayEntities(places.Of(kind), time) : new ThrowawayItems(cosmos, time);
        return await new BareDeletes(records, time).MeasureAsync(cancel);
    }

    private static async Task<int> SeedHereAsync(StorePlaces places, string[] arguments, CancellationToken cancel)
    {
        var size = new SampleSize(
            int.Parse(arguments[1], CultureInfo.InvariantCulture), DateTimeOffset.Parse(arguments[2], CultureInfo.InvariantCulture),
            int.Parse(arguments[3], CultureInfo.InvariantCulture), int.Parse(arguments[4], CultureInfo.InvariantCulture),
            Enum.Parse<SampleFaults>(arguments[5]));
        using var seeder = new Seeder(places);
        return await seeder.IsSeededAsync(cancel) ? 0 : await seeder.SeedAsync(size, cancel);
    }

    private async Task<string> RunAsync(string verb, string[] arguments, CancellationToken cancel)
    {
        using var child = OwnExecutable.Start(verb, arguments);
        try
        {
            await child.StandardInput.WriteLineAsync(places.Storage.AsMemory(), cancel);
            await child.StandardInput.WriteLineAsync((places.Cosmos ?? "").AsMemory(), cancel);
            await child.StandardInput.FlushAsync(cancel);
            var said = child.StandardOutput.ReadToEndAsync(cancel);
            var errors = child.StandardError.ReadToEndAsync(cancel);
            await child.WaitForExitAsync(cancel);
            return child.ExitCode == 0 ? (await said).Trim() : throw new ChildFailedException(verb, (await errors).Trim());
        }
        finally
        {
            // It ends by itself, also where we were stopped.
            await OwnExecutable.EndAsync(child);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
