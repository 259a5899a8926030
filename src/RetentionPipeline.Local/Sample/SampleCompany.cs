using System.Globalization;

namespace RetentionPipeline.Local.Sample;

/// <summary>An entity to seed.</summary>
public sealed record SampleEntity(
    string Table, string Partition, string Row, IReadOnlyDictionary<string, object> Fields);

/// <summary>What is planted to go wrong.</summary>
public enum SampleFaults
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Undated records of every kind, a runaway, and a damaged log.</summary>
    Planted,
}

/// <summary>How much of the company to make.</summary>
/// <param name="Seed">The same seed makes the same company.</param>
/// <param name="Now">Everything is relative to it.</param>
/// <param name="Entities">About so many entities.</param>
/// <param name="LogMegabytes">Plain bytes of logs, in 10^6.</param>
/// <param name="Faults">What is planted.</param>
public sealed record SampleSize(int Seed, DateTimeOffset Now, int Entities, int LogMegabytes, SampleFaults Faults);

/// <summary>
/// The data of Contoso Outdoor, fitting <c>samples/policies/contoso-outdoor.yaml</c>: customers with one to three
/// accounts, and for every rule something due, something not yet due, something kept. Ages reach back ten years.
/// Every personal identifier holds <see cref="Canary"/>, in values and in keys.
/// </summary>
public sealed class SampleCompany(SampleSize size)
{
    /// <summary>Must never be seen outside the company's own stores.</summary>
    public const string Canary = "canary7q";

    private static readonly string[] Languages = ["de", "fr", "it", "en"];
    private readonly SampleRandom random = new((ulong)size.Seed + 1);

    /// <summary>Accounts; several of one person share the e-mail address.</summary>
    public int Customers => Math.Max(20, size.Entities / 40);

    /// <summary>The person that the sample's legal hold is about.</summary>
    public static string HeldCustomer => CustomerId(3);

    /// <summary>Id of an account.</summary>
    public static string CustomerId(int number) => $"{Canary}-c{number:D6}";

    /// <summary>E-mail of the person behind an account.</summary>
    public static string Email(int customer) => $"{Canary}-p{customer / 2:D6}@example.org";

    /// <summary>All entities.</summary>
    public IEnumerable<SampleEntity> Entities() =>
        Accounts().Concat(Rest()).Concat(size.Faults is SampleFaults.Planted ? PlantedFaults() : []);

    private IEnumerable<SampleEntity> Accounts()
    {
        for (var number = 0; number < Customers; number++)
        {
            // A fifth of the accounts is closed; the rows that hang on a closed account are younger than its own end.
            var closedDays = number % 5 == 0 ? (int?)(1 + random.Below(700)) : null;
            var fields = new Dictionary<string, object>
            {
                ["Name"] = $"{Canary} Name {number}",
                ["Email"] = Email(number),
                ["Phone"] = $"+49 30 {Canary} {number:D6}",
                ["Address"] = $"{Canary} Street {number}",
                ["CreatedAt"] = Ago(800 + random.Below(2800)),
            };
            if (closedDays is { } days)
            {
                fields["ClosedAt"] = Ago(days);
            }

            yield return new("Accounts", CustomerId(number), "account", fields);
            if (closedDays is null or < 300)
            {
                yield return new("Credentials", Email(number), $"login-{number:D6}", new Dictionary<string, object>
                {
                    ["CustomerId"] = CustomerId(number),
                    ["PasswordHash"] = $"{Canary}-hash-{number}",
                });
            }
        }
    }

    private IEnumerable<SampleEntity> Rest()
    {
        var left = size.Entities - (2 * Customers);
        for (var number = 0; number < left; number++)
        {
            var customer = random.Below(Customers);
            yield return Make(number, customer);
        }
    }

    private SampleEntity Make(int number, int customer)
    {
        var id = CustomerId(customer);
        var row = $"{number:D8}";
        switch (random.Below(100))
        {
            case < 4:
                return new("Demographics", id, row, With("LastSeenAt", Age(1095), ("Age", (long)random.Below(90)), ("Postcode", $"{random.Below(100000):D5}"), ("Language", random.OneOf(Languages)), ("Gender", "x")));
            case < 7:
                return new("Profiles", id, row, With("LastSeenAt", Age(730), ("Nickname", $"{Canary}-nick-{number}")));
            case < 10:
                return new("FriendContacts", $"{Canary}-friend-{number % 997}@example.net", row, With("CollectedAt", Age(182), ("InvitedBy", id)));
            case < 13:
                return new("Interests", id, row, With("InferredAt", Age(182), ("Interest", "climbing")));
            case < 16:
                return new("Preferences", id, row, With("LastSeenAt", Age(1095), ("Newsletter", random.Chance(50))));
            case < 20:
                return Ticket(id, row, number);
            case < 22:
                return new("ManagedDevices", $"fleet-{customer % 5}", row, Ended("ContractEndedAt", 90, ("SerialNumber", $"{Canary}-sn-{number}")));
            case < 23:
                return new("ChildAccounts", id, row, With("FoundAt", random.Chance(50) ? Age(2) : Minutes(10 + random.Below(1000)), ("Nickname", $"{Canary}-kid-{number}")));
            case < 31:
                return new("Orders", id, row, Ended("ShippedAt", 3650, ("Article", $"tent-{random.Below(50)}"), ("Address", $"{Canary} Street {customer}")));
            case < 37:
                return new("Payments", id, row, Ended("SettledAt", 396, ("CardNumber", $"4111{random.Below(10000):D4}{random.Below(10000):D4}{number % 10000:D4}"), ("SecurityCode", $"{random.Below(1000):D3}")));
            case < 67:
                return new("PageViews", id, row, With("SeenAt", Age(396), ("Ip", Address()), ("Url", $"https://shop.example/item/{random.Below(500)}?who={id}"), ("Feature", "search")));
            case < 70:
                return new("Devices", id, row, With("LastSeenAt", Age(365), ("Imei", $"{Canary}-imei-{number}"), ("System", "Android 15")));
            case < 74:
                return new("Environments", id, row, With("SeenAt", Age(182), ("Mac", $"{Canary}-mac-{number}"), ("Screen", "1170x2532")));
            case < 80:
                return new("Positions", id, row, With("MeasuredAt", Age(396), ("Latitude", 46.0 + (random.Below(4_000_000) / 1e6)), ("Longitude", 6.0 + (random.Below(9_000_000) / 1e6))));
            case < 83:
                return new("Regions", id, row, With("SeenAt", Age(730).UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), ("City", "Bern")));
            case < 86:
                return new("Reviews", id, row, With("WrittenAt", Age(1826), ("Text", $"{Canary} wrote that it keeps the rain out")));
            case < 89:
                return new("PromotionEntries", Email(customer), row, With("DrawnAt", Age(182).ToUnixTimeSeconds(), ("Prize", "none")));
            case < 95:
                return new("EmailOpens", Email(customer), row, With("OpenedAt", Age(396).ToUnixTimeMilliseconds(), ("Ip", Address()), ("OpenedFrom", $"host-{number}.dialup.{Canary}.example.com")));
            default:
                return Cookie(number);
        }
    }

    private SampleEntity Ticket(string id, string row, int number)
    {
        var fields = Ended("ClosedAt", 1095, ("Text", $"{Canary} asks about order {number}"), ("Diagnostics", $"{Canary} memory dump"), ("ContactIp", Address()));
        if (random.Chance(10))
        {
            fields["Dispute"] = "open";
        }

        return new("Tickets", id, row, fields);
    }

    /// <summary>Some cookies were never seen again, and only their creation tells.</summary>
    private SampleEntity Cookie(int number)
    {
        var created = Age(396);
        var fields = With("CreatedAt", created, ("Pixel", $"{Canary}-px-{number}"));
        if (!random.Chance(20))
        {
            fields["LastSeenAt"] = created + ((size.Now - created) / 3);
        }

        return new("Cookies", $"{Canary}-cookie-{number % 499}", $"{number:D8}", fields);
    }

    private IEnumerable<SampleEntity> PlantedFaults()
    {
        (string, object?)[] undated =
        [
            ("missing", null), ("text-seconds", "1700000000"), ("seconds", 1_700_000_000L), ("milliseconds", 1_700_000_000_000L),
            ("local-time", "2024-05-01T10:00:00"), ("future", size.Now.AddDays(400)), ("wrong-type", true),
        ];
        foreach (var (kind, value) in undated)
        {
            var fields = With("Ip", Address());
            if (value is not null)
            {
                fields["SeenAt"] = value;
            }

            yield return new("PageViews", CustomerId(1), $"undated-{kind}", fields);
        }

        // Everything due at once: above the cap of 90 per cent.
        for (var number = 0; number < Math.Max(60, size.Entities / 4); number++)
        {
            yield return new("PromotionEntries", $"{Canary}-runaway-{number % 7}@example.org", $"r{number:D7}", With("DrawnAt", size.Now.AddYears(-3).ToUnixTimeSeconds()));
        }
    }

    private static Dictionary<string, object> With(string clock, object at, params ReadOnlySpan<(string, object)> more)
    {
        var fields = new Dictionary<string, object> { [clock] = at };
        foreach (var (name, value) in more)
        {
            fields[name] = value;
        }

        return fields;
    }

    /// <summary>A process that has ended in four of five cases.</summary>
    private Dictionary<string, object> Ended(string clock, int periodDays, params ReadOnlySpan<(string, object)> more)
    {
        var fields = With("Number", (long)random.Below(1_000_000), more);
        if (random.Chance(80))
        {
            fields[clock] = Age(periodDays);
        }

        return fields;
    }

    /// <summary>Half within the period, most of the rest up to twice as old, some up to ten years.</summary>
    private DateTimeOffset Age(int periodDays) => random.Below(10) switch
    {
        < 5 => Ago(1 + random.Below(periodDays)),
        < 9 => Ago(periodDays + random.Below(periodDays)),
        _ => Ago(periodDays + random.Below(Math.Max(periodDays, 3900 - periodDays))),
    };

    private DateTimeOffset Ago(int days) => Minutes((days * 1440) + random.Below(1440));

    private DateTimeOffset Minutes(int minutes)
    {
        var at = size.Now.AddMinutes(-minutes);
        return new DateTimeOffset(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
    }

    private string Address() => random.Chance(25)
        ? $"2001:db8:{random.Below(65536):x}:{random.Below(65536):x}::{1 + random.Below(65535):x}"
        : $"{(random.Chance(50) ? "203.0.113" : "198.51.100")}.{1 + random.Below(254)}";
}
