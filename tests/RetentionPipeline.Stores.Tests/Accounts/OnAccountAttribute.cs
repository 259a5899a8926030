using Xunit.Abstractions;
using Xunit.Sdk;

namespace RetentionPipeline.Stores.Tests.Accounts;

/// <summary>Environment variables that name real accounts, each by its connection string.</summary>
public static class TestAccounts
{
    public const string Storage = "RETENTION_TEST_STORAGE";
    public const string Cosmos = "RETENTION_TEST_COSMOS";
    public const string ServiceBus = "RETENTION_TEST_SERVICEBUS";

    /// <summary>Null where it is not given.</summary>
    public static string? Find(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } address ? address : null;

    /// <summary>The connection string, for tests that are not run without it.</summary>
    public static string Get(string variable) =>
        Find(variable) ?? throw new InvalidOperationException($"{variable} is not set, and its tests are not skipped.");
}

/// <summary>The tests of the class run on a real account, and are skipped with the reason where none is given.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OnAccountAttribute(string variable) : Attribute
{
    public string Variable => variable;
}

/// <summary>A test of a contract, for stand-ins and accounts alike.</summary>
[XunitTestCaseDiscoverer("RetentionPipeline.Stores.Tests.Accounts.ContractFactDiscoverer", "RetentionPipeline.Stores.Tests")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class ContractFactAttribute : FactAttribute;

/// <summary>The same with data.</summary>
[XunitTestCaseDiscoverer("RetentionPipeline.Stores.Tests.Accounts.ContractTheoryDiscoverer", "RetentionPipeline.Stores.Tests")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class ContractTheoryAttribute : TheoryAttribute;

public sealed class ContractFactDiscoverer(IMessageSink sink) : FactDiscoverer(sink)
{
    protected override IXunitTestCase CreateTestCase(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        AccountSkip.Of(testMethod) is { } reason
            ? AccountSkip.Case(DiagnosticMessageSink, discoveryOptions, testMethod, reason)
            : base.CreateTestCase(discoveryOptions, testMethod, factAttribute);
}

public sealed class ContractTheoryDiscoverer(IMessageSink sink) : TheoryDiscoverer(sink)
{
    public override IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute) =>
        AccountSkip.Of(testMethod) is { } reason
            ? [AccountSkip.Case(DiagnosticMessageSink, discoveryOptions, testMethod, reason)]
            : base.Discover(discoveryOptions, testMethod, theoryAttribute);
}

internal static class AccountSkip
{
    /// <summary>Why the class's tests cannot run; null if they can.</summary>
    public static string? Of(ITestMethod method)
    {
        var variable = method.TestClass.Class.GetCustomAttributes(typeof(OnAccountAttribute)).FirstOrDefault()
            ?.GetConstructorArguments().Cast<string>().Single();
        return variable is not null && TestAccounts.Find(variable) is null
            ? $"Needs a real account: set {variable} to its connection string."
            : null;
    }

    public static IXunitTestCase Case(
        IMessageSink sink, ITestFrameworkDiscoveryOptions options, ITestMethod method, string reason) =>
        new XunitSkippedDataRowTestCase(sink, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), method, reason);
}
