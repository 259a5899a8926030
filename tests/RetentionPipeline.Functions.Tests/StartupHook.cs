using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

/// <summary>
/// What .NET calls in the app's process before the app's own code where DOTNET_STARTUP_HOOKS names this assembly: takes one
/// registration away, by the diagnostic event that every host raises when it is about to be built. The runtime wants this
/// type in no namespace.
/// </summary>
internal sealed class StartupHook : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    /// <summary>Full name of the service that is taken away.</summary>
    public const string Variable = "RETENTION_TEST_UNREGISTERED";

    /// <summary>Called by the runtime.</summary>
    public static void Initialize() => DiagnosticListener.AllListeners.Subscribe(new StartupHook());

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == "Microsoft.Extensions.Hosting")
        {
            value.Subscribe(this);
        }
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value is { Key: "HostBuilding", Value: IHostBuilder builder })
        {
            builder.ConfigureServices(Take);
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    private static void Take(IServiceCollection services)
    {
        foreach (var service in services.Where(service => service.ServiceType.FullName == Environment.GetEnvironmentVariable(Variable)).ToList())
        {
            services.Remove(service);
        }
    }
}
