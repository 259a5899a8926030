using System.Runtime.CompilerServices;
using RetentionPipeline.Cli.Anonymise;

namespace RetentionPipeline.Cli;

internal static class Program
{
    /// <summary>The filter stands in pipes: it is dispatched before any SDK or parser loads. Its check of policies is a verb.</summary>
    private static int Main(string[] arguments) => arguments is ["anonymise", .. var rest] && rest is not ["check", ..]
        ? AnonymiseFilter.Run(rest, Console.OpenStandardInput(), StandardOutput.Open(), new Lazy<TextWriter>(() => Console.Error))
        : RunVerb(arguments);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int RunVerb(string[] arguments) => Verbs.RunAsync(arguments).GetAwaiter().GetResult();
}
