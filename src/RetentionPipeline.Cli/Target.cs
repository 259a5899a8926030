using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RetentionPipeline.Adapters.Composition;

namespace RetentionPipeline.Cli;

/// <summary>Which deployment a verb is for: <c>--data</c> a local run's folder, <c>--config</c> a deployment file.</summary>
/// <param name="isOptional">The verb can do without.</param>
internal sealed class Target(bool isOptional = false)
{
    private readonly Option<string?> data = new("--data") { Description = "Data folder of a local run." };
    private readonly Option<string?> config = new("--config") { Description = "Deployment file." };

    public void AddTo(Command command)
    {
        command.Options.Add(data);
        command.Options.Add(config);
        command.Validators.Add(result =>
        {
            var (isData, isConfig) = (result.GetValue(data) is not null, result.GetValue(config) is not null);
            if (isOptional ? isData && isConfig : isData == isConfig)
            {
                result.AddError("Give either --data DIR or --config FILE.");
            }
        });
    }

    /// <summary>Whether a deployment is named.</summary>
    public bool IsGiven(ParseResult result) => result.GetValue(data) is not null || result.GetValue(config) is not null;

    /// <summary>The services of the deployment.</summary>
    public ServiceProvider Open(ParseResult result, ILoggerFactory? log = null)
    {
        var file = result.GetValue(config) ?? Path.Combine(result.GetValue(data)!, Deployment.FileName);
        return new ServiceCollection()
            .AddSingleton(TimeProvider.System)
            .AddSingleton(log ?? NullLoggerFactory.Instance).AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddDeployment(Deployment.Load(file))
            .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    /// <summary>Folder for this verb's log.</summary>
    public string FolderOf(ParseResult result) =>
        result.GetValue(data) ?? Path.GetDirectoryName(Path.GetFullPath(result.GetValue(config)!))!;
}
