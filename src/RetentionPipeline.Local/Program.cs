using System.Runtime.InteropServices;
using RetentionPipeline.Local.Children;
using RetentionPipeline.Local.Runs;
using Spectre.Console;

if ((await ChildVerb.ServeAsync(args, TimeProvider.System) ?? await EndpointsChild.ServeAsync(args, TimeProvider.System)) is { } ended)
{
    return ended;
}

var (options, code) = LocalOptions.Parse(args);
if (options is null)
{
    return code;
}

using var stopping = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    // What is in flight ends first; the children end with us.
    context.Cancel = true;
    stopping.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
if (!AnsiConsole.Profile.Capabilities.Interactive || Console.IsOutputRedirected)
{
    // A file or a pipe has no width: lines are left whole.
    AnsiConsole.Profile.Width = 240;
}

return await new LocalRun(options, TimeProvider.System, AnsiConsole.Console).RunAsync(stopping.Token);
