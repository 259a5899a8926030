using System.Globalization;

namespace RetentionPipeline.Local.Sample;

/// <summary>The company's shop and its traces, in Cosmos DB: four of five records of the sample.</summary>
internal sealed class SampleShop(SampleValues values)
{
    private const string Canary = SampleCompany.Canary;
    private const int TenYears = 315_360_000;

    private static readonly SampleContainer Orders = OfCustomer("Orders");
    private static readonly SampleContainer Payments = OfCustomer("Payments");
    private static readonly SampleContainer PageViews = OfCustomer("PageViews");
    private static readonly SampleContainer Devices = OfCustomer("Devices");
    private static readonly SampleContainer Environments = OfCustomer("Environments") with { Indexing = SampleIndexing.Off };
    private static readonly SampleContainer Positions = new("shop/Positions", ["customerId", "device"], SampleIndexing.Default, null);
    private static readonly SampleContainer Regions = OfCustomer("Regions");
    private static readonly SampleContainer Reviews = new("shop/Reviews", ["article"], SampleIndexing.Default, null);
    private static readonly SampleContainer Promotions = new("shop/PromotionEntries", ["email"], SampleIndexing.Default, null);
    private static readonly SampleContainer Opens = new("shop/EmailOpens", ["email"], SampleIndexing.Default, -1);
    private static readonly SampleContainer Cookies = new("shop/Cookies", ["cookieId"], SampleIndexing.Default, null);

    /// <summary>All, those that a small company leaves empty included.</summary>
    public static IReadOnlyList<SampleContainer> Containers { get; } =
        [Orders, Payments, PageViews, Devices, Environments, Positions, Regions, Reviews, Promotions, Opens, Cookies];

    /// <summary>An item.</summary>
    /// <param name="number">Its number in the company.</param>
    /// <param name="customer">Whose it is.</param>
    /// <param name="share">0 to 83: what it is.</param>
    public SampleRecord Make(int number, int customer, int share) => share switch
    {
        < 8 => Of(Orders, number, customer, Ended("shippedAt", 3650, ("article", Article()), ("address", $"{Canary} Street {customer}"))),
        < 15 => Of(Payments, number, customer, Ended("settledAt", 396, ("cardNumber", $"4111{Random.Below(10000):D4}{Random.Below(10000):D4}{number % 10000:D4}"), ("securityCode", $"{Random.Below(1000):D3}"))),
        < 47 => Of(PageViews, number, customer, At("seenAt", values.Age(396), ("ip", values.Address()), ("url", $"https://shop.example/item/{Random.Below(500)}?who={SampleCompany.CustomerId(customer)}"), ("feature", "search"))),
        < 51 => Of(Devices, number, customer, At("lastSeenAt", values.Age(365), ("imei", $"{Canary}-imei-{number}"), ("system", "Android 15"))),
        < 56 => Of(Environments, number, customer, At("seenAt", values.Age(182), ("mac", $"{Canary}-mac-{number}"), ("screen", "1170x2532"))),
        < 63 => Of(Positions, number, customer, At("measuredAt", values.Age(396), ("device", $"{Canary}-device-{number % 3}"), ("latitude", 46.0 + (Random.Below(4_000_000) / 1e6)), ("longitude", 6.0 + (Random.Below(9_000_000) / 1e6)))),
        < 66 => Of(Regions, number, customer, SampleValues.With("seenOn", values.Age(730).UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), ("city", "Bern"))),
        < 69 => Of(Reviews, number, customer, At("writtenAt", values.Age(1826), ("article", Article()), ("text", $"{Canary} wrote that it keeps the rain out"))),
        < 72 => Promotions.Item(Id(number), SampleValues.With("drawnAt", values.Age(182).ToUnixTimeSeconds(), ("email", SampleCompany.Email(customer)), ("prize", "none"))),
        < 78 => Opens.Item(Id(number), SampleValues.With("openedAt", values.Age(396).ToUnixTimeMilliseconds(), ("email", SampleCompany.Email(customer)), ("ip", values.Address()), ("openedFrom", $"host-{number}.dialup.{Canary}.example.com"), ("ttl", TenYears))),
        _ => Cookie(number),
    };

    /// <summary>Undated page views of every kind, and promotions that are all due: above the cap of 90 per cent.</summary>
    public IEnumerable<SampleRecord> PlantedFaults(int promotions)
    {
        (string, object?)[] undated =
        [
            ("missing", null), ("text-seconds", "1700000000"), ("seconds", 1_700_000_000L), ("milliseconds", 1_700_000_000_000L),
            ("local-time", "2024-05-01T10:00:00"), ("future", SampleValues.Text(values.Now.AddDays(400))), ("wrong-type", true),
        ];
        foreach (var (kind, value) in undated)
        {
            var fields = SampleValues.With("customerId", SampleCompany.CustomerId(1), ("ip", values.Address()));
            if (value is not null)
            {
                fields["seenAt"] = value;
            }

            yield return PageViews.Item($"{Canary}-undated-{kind}", fields);
        }

        for (var number = 0; number < promotions; number++)
        {
            yield return Promotions.Item($"{Canary}-r{number:D7}", SampleValues.With("drawnAt", values.Now.AddYears(-3).ToUnixTimeSeconds(), ("email", $"{Canary}-runaway-{number % 7}@example.org")));
        }
    }

    private SampleRandom Random => values.Random;

    private static SampleContainer OfCustomer(string name) => new("shop/" + name, ["customerId"], SampleIndexing.Default, null);

    private static string Id(int number) => $"{Canary}-{number:D8}";

    private static SampleRecord Of(SampleContainer container, int number, int customer, Dictionary<string, object> fields)
    {
        fields["customerId"] = SampleCompany.CustomerId(customer);
        return container.Item(Id(number), fields);
    }

    private static Dictionary<string, object> At(string clock, DateTimeOffset at, params ReadOnlySpan<(string, object)> more) =>
        SampleValues.With(clock, SampleValues.Text(at), more);

    /// <summary>A process that has ended in four of five cases.</summary>
    private Dictionary<string, object> Ended(string clock, int periodDays, params ReadOnlySpan<(string, object)> more)
    {
        var fields = SampleValues.With("number", (long)Random.Below(1_000_000), more);
        if (Random.Chance(80))
        {
            fields[clock] = SampleValues.Text(values.Age(periodDays));
        }

        return fields;
    }

    /// <summary>Some cookies were never seen again, and only their creation tells.</summary>
    private SampleRecord Cookie(int number)
    {
        var created = values.Age(396);
        var fields = At("createdAt", created, ("cookieId", $"{Canary}-cookie-{number % 499}"), ("pixel", $"{Canary}-px-{number}"));
        if (!Random.Chance(20))
        {
            fields["lastSeenAt"] = SampleValues.Text(created + ((values.Now - created) / 3));
        }

        return Cookies.Item(Id(number), fields);
    }

    private string Article() => $"tent-{Random.Below(50)}";
}
