using YamlDotNet.RepresentationModel;

namespace RetentionPipeline.Core.Policies;

/// <summary>Turns the document into the model, then has the lint look at the whole.</summary>
internal sealed class PolicyReader(ProblemList problems)
{
    private static readonly string[] ForeignRuleKeys = ["field", "operator"];

    public Policy Read(YamlPlace root, string hash)
    {
        root.Number("version", null, 1, 1);
        var name = root.Text("name");
        var effectiveFrom = ReadInstant(root, "effective-from");
        var purposes = root.Texts("purposes");
        var stores = ReadNamed(root, "stores", "store", ReadStore);
        var datasets = ReadNamed(root, "datasets", "dataset", ReadDataset);
        var rules = new List<(YamlPlace Place, Rule Rule)>();
        foreach (var node in root.Items("rules"))
        {
            var label = ((node as YamlMappingNode)?.Children.FirstOrDefault(pair => pair.Key.ToString() == "name").Value as YamlScalarNode)?.Value;
            if (YamlPlace.Of(node, "rule", label is null ? "rule" : $"rule '{label}'", problems) is { } place)
            {
                rules.Add((place, ReadRule(place, rules.Select(read => read.Rule))));
            }
        }

        if (!root.Has("rules"))
        {
            root.Missing("rules", 0);
        }

        var sources = root.Has("sources") ? ReadNamed(root, "sources", "source", ReadSource) : [];
        var policy = new Policy(
            hash, name, effectiveFrom, stores.ToDictionary(pair => pair.Key, pair => pair.Value.Value),
            datasets.ToDictionary(pair => pair.Key, pair => pair.Value.Value), [.. rules.Select(read => read.Rule)])
        {
            Sources = sources.ToDictionary(pair => pair.Key, pair => pair.Value.Value),
        };
        new PolicyLint(policy, purposes, problems).Run(
            datasets.ToDictionary(pair => pair.Key, pair => pair.Value.Place), rules);
        new SourceLint(policy, problems).LintSources(sources.ToDictionary(pair => pair.Key, pair => pair.Value.Place));
        return policy;
    }

    private Dictionary<string, (YamlPlace Place, T Value)> ReadNamed<T>(
        YamlPlace root, string key, string kind, Func<string, YamlPlace, T> read)
    {
        var found = new Dictionary<string, (YamlPlace, T)>(StringComparer.Ordinal);
        if (root.Place(key, null, key) is not { } places)
        {
            return root.Has(key) ? found : root.Missing(key, found);
        }

        foreach (var name in places.Keys)
        {
            if (places.Place(name, kind, $"{kind} '{name}'") is { } place)
            {
                CheckName(place, name, kind);
                found[name] = (place, read(name, place));
            }
        }

        return found;
    }

    private void CheckName(YamlPlace place, string name, string kind)
    {
        if (name == "self" || name.Length > 60 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
            || !char.IsAsciiLetter(name[0]))
        {
            problems.Error(
                place.At, "name-invalid", $"'{name}' is no name for a {kind}.",
                "Use letters, digits and '-', beginning with a letter, at most 60; 'self' is the pipeline's own.");
        }
    }

    private StorePolicy ReadStore(string name, YamlPlace place) => new(
        name, place.Choice<StoreKind>("kind"), place.OptionalText("region") ?? "",
        (int)place.Number("requests-per-second", null, 1, 1_000_000),
        [.. place.Places("residuals", "residual", "residual")
            .Select(residual => new DeclaredResidual(residual.Text("kind"), residual.Period("window")))]);

    private Dataset ReadDataset(string name, YamlPlace place)
    {
        var clocks = new Dictionary<string, Clock>(StringComparer.Ordinal);
        if (place.Place("clocks", null, $"clocks of dataset '{name}'") is { } clockPlaces)
        {
            foreach (var clock in clockPlaces.Keys)
            {
                if (clockPlaces.Place(clock, "clock", $"clock '{clock}' of dataset '{name}'") is { } clockPlace)
                {
                    clocks[clock] = ReadClock(clock, clockPlace);
                }
            }
        }
        else if (!place.Has("clocks"))
        {
            place.Missing("clocks", 0);
        }

        return new Dataset
        {
            Name = name,
            Store = place.Text("store"),
            Container = place.Text("container"),
            Prefix = place.OptionalText("prefix") ?? "",
            NameDate = place.OptionalText("name-date"),
            Category = place.Text("category"),
            Purposes = place.Has("purposes") ? place.Texts("purposes") : place.Missing<string[]>("purposes", []),
            CollectedFrom = place.Texts("collected-from"),
            Recipients = place.Texts("recipients"),
            Controller = place.Text("controller"),
            Subjects = [.. place.Places("subjects", "subject", "subject")
                .Select(subject => new SubjectPath(subject.Text("path"), subject.Text("kind")))],
            Clocks = clocks,
            KeepAtLeast = [.. place.Places("keep-at-least", "keep", "keep-at-least")
                .Select(keep => new KeepAtLeast(
                    keep.Text("name"), keep.Text("clock"), keep.Period("period"), keep.Text("citation")))],
            Exceptions = [.. place.Places("exceptions", "exception", "exception")
                .Select(exception => new RetentionException(
                    exception.Text("code"), exception.Text("field"), exception.Text("value")))],
            QuasiIdentifiers = place.Texts("quasi-identifiers"),
            StageField = place.OptionalText("stage-field") ?? "RetentionStage",
            Format = place.Has("format") ? place.Choice<ContentFormat>("format") : null,
            RequestWindow = place.Has("request-window") ? place.Period("request-window") : null,
            Options = ReadOptions(place),
        };
    }

    private static ContentOptions ReadOptions(YamlPlace place) =>
        place.Place("options", "options", $"options of {place.What}") is { } options
            ? new ContentOptions(
                options.Flag("remove-snapshots"), options.Number("max-expanded-bytes", 100_000_000_000, 1, long.MaxValue))
            {
                ConvertClosedAppendBlobs = options.Flag("convert-closed-append-blobs"),
            }
            : new ContentOptions();

    private static Clock ReadClock(string name, YamlPlace place)
    {
        ClockLink? link = null;
        if (place.Place("link", "link", $"link of {place.What}") is { } linkPlace)
        {
            link = new ClockLink(linkPlace.Text("dataset"), linkPlace.Text("partition"), linkPlace.Text("id"));
        }

        return new Clock(
            name, place.Choice<ClockKind>("kind"), place.Text("field"), place.Choice<ClockFormat>("format", ClockFormat.Instant),
            place.Flag("open-while-missing"), link);
    }

    private Rule ReadRule(YamlPlace place, IEnumerable<Rule> before)
    {
        var dataset = place.Text("dataset");
        var periods = place.Places("periods", "purpose-period", "period")
            .Select(purpose => new PurposePeriod(purpose.Text("purpose"), purpose.Period("period"))).ToList();
        if (place.Has("period") == place.Has("periods"))
        {
            problems.Error(
                place.At, "period-or-periods", $"The {place.What} has both 'period' and 'periods', or neither.",
                "Write 'period: P30D', or one period for each purpose below 'periods:'.");
        }

        if (place.Has("period"))
        {
            periods = [new PurposePeriod("", place.Period("period"))];
        }

        return new Rule
        {
            Name = place.Text("name"),
            Dataset = dataset,
            Stage = 1 + before.Count(rule => rule.Dataset == dataset),
            Clock = place.Text("clock"),
            FallbackClock = place.OptionalText("fallback-clock"),
            Periods = periods,
            Action = place.Choice<RuleAction>("action"),
            Operators = [.. ReadOperators(place)],
            Mode = place.Choice<RuleMode>("mode"),
            Ramp = ReadRamp(place),
            Cap = ReadCap(place),
            MaxUndated = (int)place.Number("max-undated", 0, 0, int.MaxValue),
            Schedule = place.Text("schedule"),
        };
    }

    private IEnumerable<OperatorUse> ReadOperators(YamlPlace place)
    {
        foreach (var node in place.Items("operators"))
        {
            if (YamlPlace.Of(node, null, $"operator of {place.What}", problems) is { } read)
            {
                var parameters = read.Keys.Except(ForeignRuleKeys)
                    .ToDictionary(key => key, read.Words, StringComparer.Ordinal);
                yield return new OperatorUse(read.OptionalText("field"), read.Text("operator"), parameters);
            }
        }
    }

    private RequestSource ReadSource(string name, YamlPlace place)
    {
        var kinds = place.Places("identifiers", "asserted", "identifier")
            .Select(asserted => new AssertedKind(asserted.Text("kind"), asserted.Choice<Assurance>("assurance"))).ToList();
        return place.Place("cap", "source-cap", $"cap of {place.What}") is { } cap
            ? new RequestSource(
                name, kinds, (int)cap.Number("per-hour", null, 1, 1_000_000), (int)cap.Number("per-day", null, 1, 1_000_000))
            : place.Has("cap") ? new RequestSource(name, kinds, 1, 1) : place.Missing("cap", new RequestSource(name, kinds, 1, 1));
    }

    private static ScanCap ReadCap(YamlPlace place) =>
        place.Place("cap", "cap", $"cap of {place.What}") is { } cap
            ? new ScanCap(cap.Number("records", null, 1, long.MaxValue), (int)cap.Number("percent", null, 1, 100))
            : place.Missing("cap", new ScanCap(1, 1));

    private Ramp? ReadRamp(YamlPlace place)
    {
        if (place.Place("ramp", "ramp", $"ramp of {place.What}") is not { } ramp)
        {
            return null;
        }

        if (!DateOnly.TryParseExact(ramp.Text("from"), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var from))
        {
            problems.Error(ramp.MarkOf("from"), "date-invalid", $"'from' of the {ramp.What} is no date.", "Write yyyy-mm-dd.");
        }

        if (!decimal.TryParse(
            ramp.Text("percent-per-day"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate)
            || rate is <= 0 or > 100 || rate * 100 != Math.Floor(rate * 100))
        {
            problems.Error(
                ramp.MarkOf("percent-per-day"), "rate-invalid", $"'percent-per-day' of the {ramp.What} is no rate.",
                "Write a number from 0.01 to 100, at most two decimals.");
            rate = 1;
        }

        return new Ramp(from, (int)(rate * 100));
    }

    private DateTimeOffset ReadInstant(YamlPlace place, string key)
    {
        if (ClockReader.Read(place.Text(key), ClockFormat.Instant, DateTimeOffset.MaxValue)
            is ClockReading.Started started)
        {
            return started.At;
        }

        problems.Error(
            place.MarkOf(key), "instant-invalid", $"'{key}' of the {place.What} is no instant.",
            "Write it in UTC: 2026-01-01T00:00:00Z.");
        return DateTimeOffset.UnixEpoch;
    }
}
