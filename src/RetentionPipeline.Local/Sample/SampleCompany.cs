namespace RetentionPipeline.Local.Sample;

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
/// <param name="RecordCount">About so many records: four of five are items, the rest entities.</param>
/// <param name="LogMegabytes">Plain bytes of logs, in 10^6.</param>
/// <param name="Faults">What is planted.</param>
public sealed record SampleSize(int Seed, DateTimeOffset Now, int RecordCount, int LogMegabytes, SampleFaults Faults);

/// <summary>
/// The data of Contoso Outdoor, fitting <c>samples/policies/contoso-outdoor.yaml</c>: customers with one to three
/// accounts, and for every rule something due, something not yet due, something kept. Ages reach back ten years.
/// Every personal identifier holds <see cref="Canary"/>, in values and in keys.
/// </summary>
public sealed class SampleCompany
{
    /// <summary>Must never be seen outside the company's own stores.</summary>
    public const string Canary = "canary7q";

    private static readonly string[] Languages = ["de", "fr", "it", "en"];
    private readonly SampleSize size;
    private readonly SampleRandom random;
    private readonly SampleValues values;
    private readonly SampleShop shop;

    /// <summary>Makes nothing yet.</summary>
    public SampleCompany(SampleSize size)
    {
        this.size = size;
        random = new((ulong)size.Seed + 1);
        values = new(random, size.Now);
        shop = new(values);
    }

    /// <summary>Accounts; several of one person share the e-mail address.</summary>
    public int Customers => Math.Max(20, size.RecordCount / 40);

    /// <summary>The person that the sample's legal hold is about.</summary>
    public static string HeldCustomer => CustomerId(3);

    /// <summary>Every table of the sample policy, those that a small company leaves empty included.</summary>
    public static IReadOnlyList<string> Tables { get; } =
    [
        "Accounts", "Credentials", "Demographics", "Profiles", "FriendContacts", "Interests", "Preferences", "Tickets",
        "ManagedDevices", "ChildAccounts",
    ];

    /// <summary>Every Cosmos DB container of the sample policy.</summary>
    public static IReadOnlyList<SampleContainer> Containers => SampleShop.Containers;

    /// <summary>Id of an account.</summary>
    public static string CustomerId(int number) => $"{Canary}-c{number:D6}";

    /// <summary>E-mail of the person behind an account.</summary>
    public static string Email(int customer) => $"{Canary}-p{customer / 2:D6}@example.org";

    /// <summary>All records. The same object makes them once.</summary>
    public IEnumerable<SampleRecord> Everything() => Accounts().Concat(Fresh()).Concat(Rest()).Concat(
        size.Faults is SampleFaults.Planted ? shop.PlantedFaults(Math.Max(60, size.RecordCount / 4)) : []);

    private IEnumerable<SampleRecord> Accounts()
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
                ["CreatedAt"] = values.Ago(800 + random.Below(2800)),
            };
            if (closedDays is { } days)
            {
                fields["ClosedAt"] = values.Ago(days);
            }

            yield return SampleRecord.Entity("Accounts", CustomerId(number), "account", fields);
            if (closedDays is null or < 300)
            {
                yield return SampleRecord.Entity("Credentials", Email(number), $"login-{number:D6}", new Dictionary<string, object>
                {
                    ["CustomerId"] = CustomerId(number),
                    ["PasswordHash"] = $"{Canary}-hash-{number}",
                });
            }
        }
    }

    /// <summary>However small the company, some of each kind is young: a rule that finds all due is parked by its cap.</summary>
    private IEnumerable<SampleRecord> Fresh()
    {
        (string Table, string Clock)[] kinds =
        [
            ("Demographics", "LastSeenAt"), ("Profiles", "LastSeenAt"), ("FriendContacts", "CollectedAt"), ("Interests", "InferredAt"),
            ("Preferences", "LastSeenAt"), ("ChildAccounts", "FoundAt"),
        ];
        foreach (var (table, clock) in kinds)
        {
            foreach (var customer in new[] { 4, 5 })
            {
                var partition = table == "FriendContacts" ? $"{Canary}-friend-new@example.net" : CustomerId(customer);
                yield return SampleRecord.Entity(table, partition, $"new-{customer}", SampleValues.With(clock, values.Minutes(60)));
            }
        }
    }

    private IEnumerable<SampleRecord> Rest()
    {
        var left = size.RecordCount - (2 * Customers);
        for (var number = 0; number < left; number++)
        {
            var customer = random.Below(Customers);
            var share = random.Below(100);
            yield return share < 16 ? Make(number, customer, share) : shop.Make(number, customer, share - 16);
        }
    }

    private SampleRecord Make(int number, int customer, int share)
    {
        var id = CustomerId(customer);
        var row = $"{number:D8}";
        return share switch
        {
            < 3 => SampleRecord.Entity("Demographics", id, row, SampleValues.With("LastSeenAt", values.Age(1095), ("Age", (long)random.Below(90)), ("Postcode", $"{random.Below(100000):D5}"), ("Language", random.OneOf(Languages)), ("Gender", "x"))),
            < 5 => SampleRecord.Entity("Profiles", id, row, SampleValues.With("LastSeenAt", values.Age(730), ("Nickname", $"{Canary}-nick-{number}"))),
            < 7 => SampleRecord.Entity("FriendContacts", $"{Canary}-friend-{number % 997}@example.net", row, SampleValues.With("CollectedAt", values.Age(182), ("InvitedBy", id))),
            < 9 => SampleRecord.Entity("Interests", id, row, SampleValues.With("InferredAt", values.Age(182), ("Interest", "climbing"))),
            < 11 => SampleRecord.Entity("Preferences", id, row, SampleValues.With("LastSeenAt", values.Age(1095), ("Newsletter", random.Chance(50)))),
            < 14 => Ticket(id, row, number),
            < 15 => SampleRecord.Entity("ManagedDevices", $"fleet-{customer % 5}", row, Ended("ContractEndedAt", 90, ("SerialNumber", $"{Canary}-sn-{number}"))),
            _ => SampleRecord.Entity("ChildAccounts", id, row, SampleValues.With("FoundAt", random.Chance(50) ? values.Age(2) : values.Minutes(10 + random.Below(1000)), ("Nickname", $"{Canary}-kid-{number}"))),
        };
    }

    private SampleRecord Ticket(string id, string row, int number)
    {
        var fields = Ended("ClosedAt", 1095, ("Text", $"{Canary} asks about order {number}"), ("Diagnostics", $"{Canary} memory dump"), ("ContactIp", values.Address()));
        if (random.Chance(10))
        {
            fields["Dispute"] = "open";
        }

        return SampleRecord.Entity("Tickets", id, row, fields);
    }

    /// <summary>A process that has ended in four of five cases.</summary>
    private Dictionary<string, object> Ended(string clock, int periodDays, params ReadOnlySpan<(string, object)> more)
    {
        var fields = SampleValues.With("Number", (long)random.Below(1_000_000), more);
        if (random.Chance(80))
        {
            fields[clock] = values.Age(periodDays);
        }

        return fields;
    }
}
