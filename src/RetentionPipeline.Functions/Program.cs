using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RetentionPipeline.Functions;
using RetentionPipeline.Functions.Settings;

try
{
    var builder = FunctionsApplication.CreateBuilder(args);
    builder.ConfigureFunctionsWebApplication();
    builder.Services.AddFunctionsHost(PipelineOptions.Read(builder.Configuration, AppContext.BaseDirectory));
    ((IHostApplicationBuilder)builder).ConfigureContainer(new DefaultServiceProviderFactory(FunctionsHost.Container));
    await builder.Build().RunAsync();
    return 0;
}
catch (SettingsException refused)
{
    // The host shows what a worker writes here, and starts it again: nothing runs on half of its settings.
    await Console.Error.WriteLineAsync(refused.Message);
    return 1;
}
