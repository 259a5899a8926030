using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Evidence;

namespace RetentionPipeline.Functions.Settings;

/// <summary>
/// Reads the outside parties that anchor the ledger: both settings may be empty, and hold any number of parties with
/// semicolons between them.
/// </summary>
internal static class AnchorSettings
{
    private const string Stamps = "Retention__timeStamps";
    private const string Witnesses = "Retention__witnesses";

    /// <param name="settings">Where they stand.</param>
    /// <param name="folder">The app's folder, where relative paths of roots begin.</param>
    public static IReadOnlyList<AnchorParty> Read(SettingsReader settings, string folder) =>
    [
        .. Parties(settings, Stamps, "is no list of NAME ADDRESS ROOTS, with semicolons between the authorities.", words => words is [var name, var address, var roots]
            ? new AnchorParty(AnchorKind.TimeStamp, address, Path.GetFullPath(Path.Combine(folder, roots))) { Name = name }
            : null),
        .. Parties(settings, Witnesses, "is no list of ADDRESS KEY, with semicolons between the witnesses.", words => words is [var address, var key]
            ? new AnchorParty(AnchorKind.Cosignature, address, key)
            : null),
    ];

    private static IEnumerable<AnchorParty> Parties(
        SettingsReader settings, string name, string form, Func<string[], AnchorParty?> read)
    {
        foreach (var text in (settings.Find(name) ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var party = read(text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            if ((party is null ? form : AnchorParties.WrongWith(party)) is { } wrong)
            {
                settings.Refuse(name, wrong);
            }
            else
            {
                yield return party!;
            }
        }
    }
}
