using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RetentionPipeline.Functions.Settings;
using RetentionPipeline.Functions.Tests.Hosting;

namespace RetentionPipeline.Functions.Tests.Starting;

/// <summary>The app's container, registration by registration.</summary>
public sealed class ContainerTests
{
    [Fact]
    public void Every_registration_that_something_needs_is_missed_when_it_is_gone()
    {
        var needed = Services().Select(service => service.ImplementationType).OfType<Type>()
            .SelectMany(type => type.GetConstructors()).SelectMany(constructor => constructor.GetParameters())
            .Where(parameter => !parameter.HasDefaultValue).Select(parameter => parameter.ParameterType)
            .Where(type => type.Namespace!.StartsWith("RetentionPipeline.", StringComparison.Ordinal)).ToHashSet();
        Assert.True(needed.Count > 60, $"{needed.Count} services are needed.");
        foreach (var type in needed)
        {
            var services = Services();
            var taken = services.Where(service => service.ServiceType == type).ToList();
            Assert.NotEmpty(taken);
            taken.ForEach(service => services.Remove(service));
            var missed = Assert.Throws<AggregateException>(() => services.BuildServiceProvider(FunctionsHost.Container));
            Assert.Contains($"'{type}'", missed.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_class_with_a_function_in_it_is_looked_at()
    {
        Assert.Equal(7, FunctionsHost.FunctionClasses.Count);
        await using var services = Services().BuildServiceProvider(FunctionsHost.Container);
        Assert.All(FunctionsHost.FunctionClasses, type => Assert.NotNull(services.GetRequiredService(type)));
    }

    private static ServiceCollection Services()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(TrialSettings.Needed.Select(setting => KeyValuePair.Create(setting.Key.Replace("__", ":", StringComparison.Ordinal), (string?)setting.Value)))
            .Build();
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance).AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        services.AddFunctionsHost(PipelineOptions.Read(configuration, PublishedApp.Folder));
        return services;
    }
}
