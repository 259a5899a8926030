using RetentionPipeline.Cli;
using RetentionPipeline.Cli.Anonymise;

// The filter stands in pipes: it is dispatched before any SDK or parser loads.
return args is ["anonymise", .. var rest]
    ? await AnonymiseFilter.RunAsync(rest, Console.OpenStandardInput(), Console.OpenStandardOutput(), Console.Error)
    : await Verbs.RunAsync(args);
