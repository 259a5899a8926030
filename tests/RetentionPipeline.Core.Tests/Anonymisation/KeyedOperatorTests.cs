using System.Buffers;
using System.Globalization;
using System.Text;
using CsCheck;
using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary><c>hmac</c> and <c>shift-date</c>: the key comes from the store of secrets, and goes with its epoch.</summary>
public sealed class KeyedOperatorTests
{
    private static readonly OperatorUse First = Hmac(1);

    [Fact]
    public async Task The_same_person_has_one_pseudonym_until_the_epochs_key_is_destroyed()
    {
        var secrets = new MemorySecretStore(new Faults());
        var before = await PseudonymAsync(secrets, First, "Ann@shop.example");
        Assert.Matches("^h1\\.[A-Za-z0-9_-]{22}$", before);
        Assert.Equal(before, await PseudonymAsync(secrets, First, "Ann@shop.example"));
        Assert.NotEqual(before, await PseudonymAsync(secrets, First, "ann@shop.example"));

        // A new epoch links to the old one for nobody, and what is written already stays.
        var next = await PseudonymAsync(secrets, Hmac(2), "Ann@shop.example");
        Assert.StartsWith("h2.", next, StringComparison.Ordinal);
        Assert.NotEqual(before[3..], next[3..]);
        Assert.Equal(before, await PseudonymAsync(secrets, Hmac(2), before));

        // Once the key is gone nothing that is left makes the pseudonym again: not the text, not the other epoch's key.
        secrets.Destroy("anonymise-visitors-epoch-0001");
        Assert.Null(await secrets.FindAsync("anonymise-visitors-epoch-0001", CancellationToken.None));
        Assert.NotEqual(before, await PseudonymAsync(secrets, First, "Ann@shop.example"));
    }

    [Fact]
    public void A_number_and_its_text_have_one_pseudonym_and_what_cannot_be_read_goes()
    {
        var keys = OperatorKeys.Throwaway();
        var made = OperatorCatalogue.ForField("hmac", "f", First.Parameters, keys).Operator!;
        Assert.Equal(Changed(made, 47L), Changed(made, "47"));
        Assert.Null(Changed(made, true));
        Assert.NotNull(Changed(made, "h1.short"));
        Assert.NotEqual("h0.AAAAAAAAAAAAAAAAAAAAAA", Changed(made, "h0.AAAAAAAAAAAAAAAAAAAAAA"));
        Assert.Throws<InvalidOperationException>(() => Changed(OperatorCatalogue.ForField("hmac", "f", First.Parameters, OperatorKeys.None).Operator!, "x"));
    }

    [Fact]
    public void Dates_of_one_person_move_together_by_at_least_a_day_and_at_most_so_many()
    {
        var seen = new HashSet<int>();
        var made = Shift("7");
        for (var person = 0; person < 2_000; person++)
        {
            var days = Days(made, $"u{person}", "2026-02-27");
            Assert.InRange(Math.Abs(days), 1, 7);
            Assert.Equal(days, Days(made, $"u{person}", "2024-02-29"));
            seen.Add(days);
        }

        Assert.Equal(14, seen.Count);
    }

    [Theory]
    [InlineData("2026-11-25T10:15:30.123+01:00", "T10:15:30.123+01:00")]
    [InlineData("2026-11-25 10:15", " 10:15")]
    [InlineData("2026-11-25", "")]
    public void Only_the_date_of_a_text_changes(string text, string rest) =>
        Assert.Equal(rest, ((string)Changed(Shift("50"), text)!)[10..]);

    [Theory]
    [InlineData("25.11.2026")]
    [InlineData("2026-13-01")]
    [InlineData("2026-11-25, Ann")]
    [InlineData("9999-12-31")]
    public void A_date_that_cannot_be_moved_goes(string text)
    {
        // Of many persons some would be moved beyond the last day.
        var made = Shift("366");
        var results = Enumerable.Range(0, 50).Select(person => made.Apply(new Dictionary<string, object?> { ["at"] = text, ["who"] = $"u{person}" }).Single().Value);
        Assert.Contains(null, results);
    }

    [Fact]
    public void A_date_without_a_person_goes_and_an_instant_keeps_its_time()
    {
        var made = Shift("50");
        Assert.Null(made.Apply(new Dictionary<string, object?> { ["at"] = "2026-11-25" }).Single().Value);
        var moved = (DateTimeOffset)Changed(made, new DateTimeOffset(2026, 11, 25, 10, 15, 30, TimeSpan.Zero))!;
        Assert.Equal(new TimeSpan(10, 15, 30), moved.TimeOfDay);
    }

    [Fact]
    public void Dates_in_a_list_move_by_the_person_of_the_document()
    {
        var made = OperatorCatalogue.ForField(
            "shift-date", "visits.at", new Dictionary<string, string> { ["key"] = "k", ["subject-field"] = "who" }, OperatorKeys.Throwaway()).Operator!;
        var output = new ArrayBufferWriter<byte>();
        new DocumentAnonymiser([made]).Rewrite("""{"who":"u1","visits":[{"at":"2026-01-01"},{"x":1},{"at":"2026-01-31"}]}"""u8, output);
        var dates = System.Text.Json.JsonDocument.Parse(output.WrittenMemory).RootElement.GetProperty("visits");
        var (first, last) = (Day(dates[0].GetProperty("at").GetString()!), Day(dates[2].GetProperty("at").GetString()!));
        Assert.Equal(30, last - first);
        Assert.NotEqual(Day("2026-01-01"), first);
    }

    [Theory]
    [InlineData("hmac", "", "parameter-missing")]
    [InlineData("hmac", "key=../x", "parameter-invalid")]
    [InlineData("hmac", "key=a epoch=0", "parameter-invalid")]
    [InlineData("hmac", "key=a secret=b", "parameter-unknown")]
    [InlineData("shift-date", "key=a", "parameter-missing")]
    [InlineData("shift-date", "key=a subject-field=b max-days=0", "parameter-invalid")]
    [InlineData("scrub-text", "kinds=names", "parameter-invalid")]
    [InlineData("scrub-text", "region=usa", "parameter-invalid")]
    [InlineData("round-number", "to=0", "parameter-invalid")]
    public void What_is_wrong_is_told_when_a_policy_is_loaded(string name, string parameters, string code) =>
        Assert.Equal(code, Assert.Single(OperatorCatalogue.ForField(name, "f", Pairs(parameters), OperatorKeys.None).Problems).Code);

    [Fact]
    public void Operators_are_idempotent_over_any_value()
    {
        var keys = OperatorKeys.Throwaway();
        var text = Gen.OneOf(Gen.String, Gen.String["0123456789.:-@/?#&= "], Gen.String["4123 5678-9012.abc@:"]).Select(value => (object?)Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(value)));
        var number = Gen.OneOf(Gen.Long.Select(value => (object?)value), Gen.Double.Select(value => (object?)value), Gen.Const((object?)true), Gen.Const((object?)DateTimeOffset.UnixEpoch));
        var wanted = new Dictionary<string, string>
        {
            ["email-domain"] = "",
            ["generalise-postcode"] = "keep=3",
            ["hmac"] = "key=a",
            ["mask"] = "keep-first=2 keep-last=1",
            ["null"] = "",
            ["replace"] = "with=x",
            ["round-number"] = "to=10",
            ["scrub-text"] = "",
            ["strip-query"] = "keep=a",
            ["truncate-date"] = "to=month",
            ["truncate-host"] = "",
            ["truncate-ip"] = "",
        };
        var all = wanted.Select(pair => OperatorCatalogue.ForField(pair.Key, "f", Pairs(pair.Value), keys).Operator!).ToList();
        Assert.Equal(OperatorCatalogue.FieldOperators.Except(["remove", "shift-date", "coarsen-location"]).Order(), wanted.Keys.Order());
        Gen.OneOf(text, number).Sample(
            value =>
            {
                foreach (var made in all)
                {
                    var once = Changed(made, value);
                    Assert.Equal(once, once is null ? null : Changed(made, once));
                }
            },
            iter: 2_000);
    }

    private static async Task<string> PseudonymAsync(MemorySecretStore secrets, OperatorUse use, string value)
    {
        var keys = (await new RuleKeys(secrets, new OperatorKeyTable(new MemoryRowStore(new Faults()))).ReadAsync([use], CancellationToken.None))!;
        return (string)Changed(OperatorCatalogue.ForField(use.Operator, use.Field, use.Parameters, keys).Operator!, value)!;
    }

    private static object? Changed(IFieldOperator made, object? value) => made.Apply(
        new Dictionary<string, object?> { [made.Names[0]] = value, ["who"] = "u1" }).Select(change => change.Value).DefaultIfEmpty(value).Single();

    private static int Days(IFieldOperator made, string person, string date) =>
        Day((string)made.Apply(new Dictionary<string, object?> { ["at"] = date, ["who"] = person }).Single().Value!) - Day(date);

    private static int Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture).DayNumber;

    private static IFieldOperator Shift(string days) => OperatorCatalogue.ForField(
        "shift-date", "at", Pairs($"key=k subject-field=who max-days={days}"), OperatorKeys.Throwaway()).Operator!;

    private static OperatorUse Hmac(int epoch) =>
        new("f", "hmac", new Dictionary<string, string> { ["key"] = "visitors", ["epoch"] = epoch.ToString(CultureInfo.InvariantCulture) });

    private static Dictionary<string, string> Pairs(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
}
