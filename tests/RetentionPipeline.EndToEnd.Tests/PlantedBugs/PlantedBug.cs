namespace RetentionPipeline.EndToEnd.Tests.PlantedBugs;

/// <summary>
/// A mistake that somebody could make, as a change of one place in the sources: what stands there, and what would stand
/// there instead, behind a switch.
/// </summary>
/// <param name="Name">Value of the switch.</param>
/// <param name="File">Path in the repository.</param>
/// <param name="Right">What stands there, once.</param>
/// <param name="Wrong">With <see cref="Switch"/> where the mistake is made only if it is on.</param>
/// <param name="Project">Test project that notices.</param>
/// <param name="CaughtBy">Class and method of the test that does.</param>
internal sealed record PlantedBug(string Name, string File, string Right, string Wrong, string Project, string CaughtBy)
{
    /// <summary>Stands in <see cref="Wrong"/> for the question whether the bug is switched on.</summary>
    public const string Switch = "PLANTED";

    /// <summary>Environment variable that names the bug that is switched on.</summary>
    public const string Variable = "RETENTION_PLANTED";

    private const string Ledger = "src/RetentionPipeline.Ledger/";
    private const string Files = "src/RetentionPipeline.Adapters/Files/";
    private const string Erasure = "src/RetentionPipeline.Core/Erasure/";
    private const string LedgerTests = "RetentionPipeline.Ledger.Tests";
    private const string StoresTests = "RetentionPipeline.Stores.Tests";
    private const string EndToEndTests = "RetentionPipeline.EndToEnd.Tests";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        new(
            "sign-before-commit", Ledger + "Integrator.cs",
            "        var stands = await stores.Journal.WriteOnceAsync(mine.Number, bytes, cancel);",
            """
                    if (PLANTED)
                    {
                        var early = new Checkpoint(origin, mine.Size, mine.Root).Text;
                        await stores.Tiles.WriteOnceAsync(
                            TilePath.OfCheckpoint(mine.Size), await SignAsync(early, cancel), cancel);
                    }

                    var stands = await stores.Journal.WriteOnceAsync(mine.Number, bytes, cancel);
            """,
            LedgerTests, "IntegratorRaceTests.No_signature_is_made_over_a_tree_that_lost_its_race"),
        new(
            "believe-own-commit", Ledger + "Integrator.cs",
            "if (stands.Span.SequenceEqual(bytes))", "if (PLANTED || stands.Span.SequenceEqual(bytes))",
            LedgerTests, "SequenceErrorTests.Any_one_call_may_come_to_grief"),
        new(
            "ignore-fork", Ledger + "Integrator.cs",
            "if (!stands.Span.SequenceEqual(content))", "if (!PLANTED && !stands.Span.SequenceEqual(content))",
            LedgerTests, "IntegratorTests.A_tile_that_holds_something_else_is_a_fork_and_stops_the_integrator"),
        new(
            "publish-older", Ledger + "Integrator.cs",
            "if (head is not null && Covers(head, commit, text))", "if (!PLANTED && head is not null && Covers(head, commit, text))",
            LedgerTests, "IntegratorTests.A_head_that_does_not_fit_its_commit_is_never_replaced"),
        new(
            "skip-lease", Ledger + "Integrator.cs",
            "if (!await stores.Lease.TryHoldAsync(cancel))", "if (!PLANTED && !await stores.Lease.TryHoldAsync(cancel))",
            LedgerTests, "IntegratorRaceTests.Who_does_not_hold_the_lease_touches_nothing_and_tells_the_size"),
        new(
            "drop-dedup", Ledger + "LogState.cs",
            "if (known == content || Find(place ^ content) == content)", "if (!PLANTED && (known == content || Find(place ^ content) == content))",
            LedgerTests, "IntegratorTests.The_same_leaf_appended_again_is_one_leaf_in_every_life"),
        new(
            "partial-as-full", Ledger + "Tiles.cs",
            "        width == Width ? \"\"", "        width == Width || PLANTED ? \"\"",
            LedgerTests, "IntegratorTests.Tiles_of_every_level_are_written_and_partial_ones_swept_when_they_are_full"),
        new(
            "overwrite-tile", Files + "FileLedger.cs",
            "                if (await DurableFiles.TryCreateAsync(PathOf(name), content, cancel))",
            """
                            if (PLANTED)
                            {
                                DurableFiles.EnsureFolder(Path.GetDirectoryName(PathOf(name))!);
                                await DurableFiles.ReplaceAsync(PathOf(name), content, cancel);
                                return content;
                            }

                            if (await DurableFiles.TryCreateAsync(PathOf(name), content, cancel))
            """,
            StoresTests, "FileLedgerTests.What_was_written_first_under_a_name_stands_and_all_are_told"),
        new(
            "ack-before-durable", Files + "LaneFile.cs",
            "        await one.WaitAsync(cancel);\n        try\n        {\n            if (!mine",
            "        if (PLANTED)\n        {\n            return;\n        }\n\n        await one.WaitAsync(cancel);\n        try\n        {\n            if (!mine",
            StoresTests, "FileLedgerTests.An_append_that_cannot_be_written_fails"),
        new(
            "fresh-salts-on-redelivery", Erasure + "BatchOpenings.cs",
            "            return made;",
            """
                        return PLANTED
                            ? made with { Entries = [.. made.Entries.Select(entry => entry with { Salt = RandomNumberGenerator.GetBytes(32) })] }
                            : made;
            """,
            EndToEndTests, "OrderTests.A_redelivery_names_the_commitments_of_its_intent"),
        new(
            "act-before-intent", Erasure + "EraseHandler.cs",
            """
                        var intent = await steps.Intents.MakeDurableAsync(batch, holdVersion, wanted?.Epochs, cancel);

                        // Act and observe.
                        var facts = await steps.Acts.RunAsync(batch, wanted, cancel);
            """,
            """
                        var early = PLANTED ? null : await steps.Intents.MakeDurableAsync(batch, holdVersion, wanted?.Epochs, cancel);
                        var facts = await steps.Acts.RunAsync(batch, wanted, cancel);
                        var intent = early ?? await steps.Intents.MakeDurableAsync(batch, holdVersion, wanted?.Epochs, cancel);
            """,
            EndToEndTests, "OrderTests.No_act_begins_before_its_intent_is_in_the_lanes"),
        new(
            "hold-read-too-early", Erasure + "ActGuard.cs",
            "                var set = await holds.ReadAsync(cancel);",
            "                var set = PLANTED && last is not null ? last.HoldSet : await holds.ReadAsync(cancel);",
            EndToEndTests, "LateHoldTests.A_process_that_stood_still_between_its_look_at_the_holds_and_the_act_looks_again"),
    ];
}
