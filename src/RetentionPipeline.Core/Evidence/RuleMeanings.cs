using System.Collections.Frozen;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What each rule that a log can break means for whoever relies on the log. By the names that verification gives.</summary>
public static class RuleMeanings
{
    private const string Rewritten = "What the log says now is not what was signed. Do not rely on it; ask for the log from another place, and compare checkpoints with others.";
    private const string Incomplete = "This copy is not whole. Fetch it again; if it stays so, something was taken away.";

    private static readonly FrozenDictionary<string, string> Texts = new Dictionary<string, string>
    {
        ["checkpoint"] = "Nothing is signed by the key that you gave, so nothing of this log is proved.",
        ["key"] = "The folder names another key than the one that you trust. Whoever made it may want another key to be trusted.",
        ["root"] = Rewritten,
        ["tile"] = Rewritten,
        ["bundle"] = Rewritten,
        ["missing"] = Incomplete,
        ["extra-file"] = "Somebody put a file there that no verification covers.",
        ["fork"] = "Two histories exist under one signing key: what you verified before is no part of this log. Keep both; this is the proof.",
        ["shrunk"] = "You were shown a longer log before. This one is an old copy, or its end was taken away.",
        ["canonical"] = "Two programs could read this leaf differently. The pipeline writes no such leaf: it was put there by something else.",
        ["body"] = "The leaf does not state what a leaf of its type must. It proves nothing.",
        ["same-key"] = "The log says two different things about one matter. Neither can be relied on alone.",
        ["two-outcomes"] = "The log tells the end of one operation in two ways. Which of them is true it does not say.",
        ["outcome-without-intent"] = "Something is said to have been done that was never announced: no commitment made before the act names its records.",
        ["counts"] = "The numbers of an operation do not add up: some of its records have no result, or more than one.",
        ["child"] = "Deferred records were not handed over properly: some may have been lost on the way.",
        ["chain-open"] = "A scan was closed while work of it was open. What became of that work is not said.",
        ["scan-operations"] = "A scan's closing does not list the operations that the log holds: some were hidden, or added later.",
        ["scan-counts"] = "A scan's closing states other numbers than its operations.",
        ["act-under-hold"] = "Records were changed although a hold in force covered them.",
        ["time-backwards"] = "A later step bears an earlier time: one of the two times is wrong, or back-dated.",
        ["policy-unknown"] = "Nothing in the log shows the rule under which this was done.",
        ["openings"] = "The openings given are not those of this log, or they were changed.",
        ["entries"] = "The results given for single records are not those that were signed.",
        ["request-order"] = "A request went through states in an order that is not possible.",
        ["request-receipt"] = "A request's leaves do not belong to one receipt.",
        ["request-datasets"] = "A request was ended although a dataset had not reported.",
        ["request-chain-open"] = "A request was ended while work for it was open.",
        ["request-tasks"] = "A request's end rests on work that was not done for it.",
        ["request-root"] = "A request's end does not state what was found for it.",
        ["request-state"] = "A request's end says more, or less, than what was done.",
        ["anchor-size"] = "An outside anchor is claimed for a log that did not exist yet.",
        ["anchor-older"] = "An outside party vouched for the log before a time that one of its leaves bears: that leaf, or the anchor, is back-dated.",
        ["epoch-unknown"] = "Openings were made under a key that the log never named: whether it was destroyed, nobody can tell.",
        ["epoch-order"] = "Keys of pseudonyms were made or destroyed in an order that is not possible.",
        ["forgotten-count"] = "A removal is told without saying of how much.",
        ["forgotten-untold"] = "Openings of records were taken away, and the log does not say so: whose they were cannot be shown any more.",
        ["epoch-early"] = "Persons are said to be unlinkable while a process could still hold the key that links them.",
        ["purged-undisclosed"] = "Copies are said to be gone that nothing disclosed, or another number of them than was disclosed.",
        ["purged-early"] = "Copies are said to be gone while the store could still hold them.",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The rules.</summary>
    public static IReadOnlyCollection<string> Rules => Texts.Keys;

    /// <summary>What a breach of the rule means.</summary>
    public static string Of(string rule) => Texts.GetValueOrDefault(rule, "The log breaks a rule of its format.");
}
