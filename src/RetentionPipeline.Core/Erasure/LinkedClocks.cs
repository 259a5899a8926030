using System.Text.Json;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Erasure;

/// <summary>Reads the clocks that stand in other datasets' records.</summary>
public sealed class LinkedClocks(IRecordStores stores)
{
    /// <summary>The linked clocks that a decision of any rule of the dataset may ask for.</summary>
    public static IReadOnlyList<Clock> Of(Policy policy, string dataset)
    {
        var clocks = policy.Datasets[dataset].Clocks;
        var named = policy.RulesOf(dataset).SelectMany(rule => new[] { rule.Clock, rule.FallbackClock })
            .Concat(policy.Datasets[dataset].KeepAtLeast.Select(keep => keep.Clock));
        return [.. named.OfType<string>().Distinct().Select(name => clocks[name]).Where(clock => clock.Link is not null)];
    }

    /// <summary>
    /// Reads each linked record once. <paramref name="seen"/> remembers what was read for one page or one act, so that
    /// the tickets of one account cost one read; pass a new one where the reading must be fresh.
    /// </summary>
    public async Task<RecordFacts> ResolveAsync(
        Policy policy, string dataset, RecordSnapshot snapshot, Dictionary<(string, RecordKey), LinkedRecord> seen,
        CancellationToken cancel)
    {
        var links = new Dictionary<string, LinkedValue>(StringComparer.Ordinal);
        foreach (var clock in Of(policy, dataset))
        {
            var link = clock.Link!;
            var target = policy.Datasets[link.Dataset];
            if (Fill(link.Partition, snapshot, EncodingOf(policy, target)) is not { } partition
                || Fill(link.Id, snapshot, text => text) is not { } id)
            {
                continue;
            }

            var key = new RecordKey(partition, id);
            if (!seen.TryGetValue((link.Dataset, key), out var record))
            {
                var read = await stores.Get(target.Store).ReadAsync(
                    RecordReading.Location(target), key, RecordReading.Fields(policy, link.Dataset, clock.Field), cancel);
                seen[(link.Dataset, key)] = record = new LinkedRecord(read);
            }

            object? value = null;
            var present = record.Snapshot?.Fields.TryGetValue(clock.Field, out value) ?? false;
            links[clock.Name] = new LinkedValue(record.Snapshot?.Version, present, value);
        }

        return new RecordFacts(snapshot, links);
    }

    /// <summary>A partition of Cosmos DB is JSON: a value may not end the text that it stands in.</summary>
    private static Func<string, string> EncodingOf(Policy policy, Dataset target) =>
        policy.Stores[target.Store].Kind is StoreKind.Cosmos ? text => JsonEncodedText.Encode(text).ToString() : text => text;

    /// <summary>Null if a field that the template names is missing or no text.</summary>
    private static string? Fill(string template, RecordSnapshot snapshot, Func<string, string> encode)
    {
        var complete = true;
        var text = ClockLink.Placeholder().Replace(template, match =>
        {
            if (snapshot.Fields.TryGetValue(match.Groups[1].Value, out var value) && value is string or long or Guid)
            {
                return encode(Convert.ToString(value, CultureInfo.InvariantCulture)!);
            }

            complete = false;
            return "";
        });
        return complete ? text : null;
    }

    /// <summary>The fields that a template names.</summary>
    public static IEnumerable<string> FieldsOf(string template) =>
        ClockLink.Placeholder().Matches(template).Select(match => match.Groups[1].Value);
}

/// <summary>A linked record as read; null if it is not there.</summary>
public sealed record LinkedRecord(RecordSnapshot? Snapshot);

/// <summary>How a dataset of the policy is read from its store.</summary>
public static class RecordReading
{
    /// <summary>Where it is.</summary>
    public static DatasetLocation Location(Dataset dataset) => new(
        dataset.Name, dataset.Container, dataset.Prefix, dataset.NameDate, dataset.StageField,
        new LocationOptions(dataset.Options.RemoveSnapshots ? SnapshotHandling.Remove : SnapshotHandling.Refuse)
        {
            AppendBlobs = dataset.Options.ConvertClosedAppendBlobs ? AppendBlobHandling.ConvertClosed : AppendBlobHandling.Refuse,
        });

    /// <summary>
    /// The projection that every decision on the dataset can be made from: clocks, templates of links, subjects,
    /// exceptions, and <paramref name="more"/>.
    /// </summary>
    public static IReadOnlyCollection<string> Fields(Policy policy, string dataset, params ReadOnlySpan<string> more)
    {
        var described = policy.Datasets[dataset];
        var fields = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var clock in described.Clocks.Values)
        {
            if (clock.Link is null)
            {
                fields.Add(clock.Field);
            }
            else
            {
                fields.UnionWith(LinkedClocks.FieldsOf(clock.Link.Partition));
                fields.UnionWith(LinkedClocks.FieldsOf(clock.Link.Id));
            }
        }

        fields.UnionWith(described.Subjects.Select(subject => subject.Path));
        fields.UnionWith(described.Exceptions.Select(exception => exception.Field));
        foreach (var field in more)
        {
            fields.Add(field);
        }

        return fields;
    }

    /// <summary>The persons that a record names.</summary>
    public static IReadOnlyList<SubjectIdentifier> Subjects(Dataset dataset, RecordSnapshot snapshot)
    {
        var subjects = new List<SubjectIdentifier>();
        foreach (var path in dataset.Subjects)
        {
            if (!snapshot.Fields.TryGetValue(path.Path, out var value))
            {
                continue;
            }

            foreach (var one in value as IReadOnlyList<object?> ?? [value])
            {
                if (Convert.ToString(one, CultureInfo.InvariantCulture) is { Length: > 0 } text)
                {
                    subjects.Add(SubjectIdentifier.Of(path.Kind, text));
                }
            }
        }

        return subjects;
    }
}
