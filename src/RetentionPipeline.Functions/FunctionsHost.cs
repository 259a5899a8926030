using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Functions.Serving;
using RetentionPipeline.Functions.Settings;

namespace RetentionPipeline.Functions;

/// <summary>What this host adds to the one composition, and nothing else: here it differs from the others.</summary>
internal static class FunctionsHost
{
    /// <summary>A service that nobody registers, or that outlives what it needs, ends the start in every environment.</summary>
    public static ServiceProviderOptions Container => new() { ValidateOnBuild = true, ValidateScopes = true };

    /// <summary>The classes with functions in them.</summary>
    public static IReadOnlyList<Type> FunctionClasses { get; } =
        [.. typeof(FunctionsHost).Assembly.GetTypes().Where(type => type.GetMethods().Any(method => method.IsDefined(typeof(FunctionAttribute), false)))];

    /// <summary>
    /// Adds the pipeline of a deployment, its start, and the function classes: the worker would make those without looking
    /// for what they need before the first call.
    /// </summary>
    public static IServiceCollection AddFunctionsHost(this IServiceCollection services, PipelineOptions options) =>
        services.AddFunctionsHost(options, FunctionClasses);

    /// <summary>The same with other classes. What has triggers of its own in them is none of the pump's.</summary>
    public static IServiceCollection AddFunctionsHost(
        this IServiceCollection services, PipelineOptions options, IReadOnlyList<Type> functionClasses)
    {
        services.AddDeployment(options.Deployment)
            .AddSingleton(options.Policy).AddSingleton(options.Freshness).AddSingleton(options.Pump)
            .AddSingleton<PipelineStart>().AddSingleton<TimerRuns>().AddSingleton<FreshnessAlarm>().AddSingleton<PublicPages>()
            .AddSingleton(options.Windows);
        if (TriggerSettings.HasQueueTriggers(functionClasses))
        {
            services.AddSingleton(new PumpBounds(Slices: 0, Operations: 0));
        }

        foreach (var type in functionClasses)
        {
            services.AddSingleton(type);
        }

        return services;
    }
}
