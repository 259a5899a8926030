using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.EndToEnd.Tests.Bundles;

/// <summary>The shop of the requests' tests, with messages between two customers, and bundles from it.</summary>
internal static class BundleShop
{
    public const string Messages = "Messages";
    private const int Customers = 5;

    private const string MessagesText = """
          messages:
            store: shop
            container: Messages
            category: support
            purposes: [service]
            controller: Shop
            subjects: [{path: Sender, kind: email}, {path: Recipient, kind: email}]
            clocks:
              sent: {kind: collection, field: SentAt}

        """;

    private const string ArchiveText = """
          archive:
            store: logs
            container: archive
            category: support
            purposes: [service]
            controller: Shop
            name-date: (?<y>\d{4})-(?<m>\d{2})-(?<d>\d{2})
            clocks:
              day: {kind: collection, field: '@name-date', format: date}

        """;

    public static string Policy(bool withArchive = false) => RequestShop.Policy().Replace(
        "\nrules: []", "\n" + Indented(MessagesText) + (withArchive ? Indented(ArchiveText) : "") + "rules: []", StringComparison.Ordinal);

    /// <summary>A message from each customer to the next one.</summary>
    public static async Task<SimulatedPipeline> StartAsync(bool withArchive = false)
    {
        var simulation = await RequestShop.StartAsync(Customers, Policy(withArchive));
        for (var customer = 0; customer < Customers; customer++)
        {
            simulation.Stores[RequestShop.Store].Put(Messages, new RecordKey("messages", $"message-{customer:D3}"), new Dictionary<string, object?>
            {
                ["Sender"] = RequestShop.Email(customer),
                ["Recipient"] = RequestShop.Email((customer + 1) % Customers),
                ["SentAt"] = Shop.Now.AddDays(-1),
            });
        }

        return simulation;
    }

    public static async Task<SimulatedPipeline> CompletedAsync(params (string Id, int Customer)[] requests)
    {
        var simulation = await StartAsync();
        foreach (var (id, customer) in requests)
        {
            await RequestShop.SendAsync(simulation, id, customer);
        }

        await RequestShop.RunThroughWindowAsync(simulation);
        await simulation.Get<PipelineTimers>().IntegrateAsync(CancellationToken.None);
        return simulation;
    }

    public static Task<NoteVerifier> KeyAsync(SimulatedPipeline simulation) =>
        simulation.Get<LedgerIntegrator>().VerifierAsync(CancellationToken.None);

    public static async Task<BundleAnswer> AskAsync(SimulatedPipeline simulation, string id) => await simulation.Get<BundleCollector>()
        .CollectAsync(DerivedId.RequestOf(RequestShop.Source, id), await KeyAsync(simulation), CancellationToken.None);

    /// <summary>The archive; it verifies, whatever else a test looks at.</summary>
    public static async Task<byte[]> GetAsync(SimulatedPipeline simulation, string id)
    {
        await simulation.Get<PipelineTimers>().IntegrateAsync(CancellationToken.None);
        var ready = Assert.IsType<BundleAnswer.Ready>(await AskAsync(simulation, id));
        var verdict = BundleVerification.Verify(ready.Zip, await KeyAsync(simulation));
        Assert.Empty(verdict.Problems);
        Assert.NotNull(verdict.Checkpoint);
        return ready.Zip;
    }

    public static async Task<IReadOnlyDictionary<string, DatasetClaim>> ClaimsAsync(SimulatedPipeline simulation, string id) =>
        BundleVerification.Verify(await GetAsync(simulation, id), await KeyAsync(simulation)).Claims.ToDictionary(claim => claim.Dataset);

    public static IReadOnlyDictionary<string, string> Texts(byte[] zip) =>
        StoredZip.Read(zip).Files.ToDictionary(file => file.Name, file => Encoding.UTF8.GetString(file.Content.Span));

    /// <summary>What the archive rests on, to be changed and written again.</summary>
    public static BundleFacts Facts(byte[] zip, NoteVerifier key)
    {
        var problems = new List<BundleProblem>();
        var facts = new BundleParser(StoredZip.Read(zip).Files, key, problems).Parse();
        Assert.Empty(problems);
        return facts!;
    }

    /// <summary>The archive that somebody makes who knows the format, and cannot sign.</summary>
    public static byte[] Write(BundleFacts facts) => StoredZip.Write(BundleFiles.Of(facts, new BundleLog(facts)));

    public static JsonObject Manifest(byte[] zip) => JsonNode.Parse(Texts(zip)["manifest.json"])!.AsObject();

    private static string Indented(string text) =>
        string.Concat(text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => (line.StartsWith("  ", StringComparison.Ordinal) ? line : "  " + line) + "\n"));
}
