using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;

namespace RetentionPipeline.Adapters.Composition;

/// <summary>The text of the policy that a host was deployed with.</summary>
/// <param name="File">Its name, for messages.</param>
/// <param name="Text">The YAML.</param>
public sealed record DeployedPolicy(string File, string Text);

/// <summary>
/// What stands before an unattended host's first work: the pipeline's own containers and table, and the policy in force. Done
/// once in a process by whoever comes first; a failure is let through, and who comes next tries again. Every instance does
/// the same, and doing it again changes nothing.
/// </summary>
public sealed class PipelineStart(Deployment deployment, PolicyBook book, DeployedPolicy policy)
{
    private readonly SemaphoreSlim one = new(1, 1);
    private volatile bool done;

    /// <summary>Returns when it is done. Throws <see cref="DeploymentException"/> for a policy that does not lint.</summary>
    public async Task EnsureAsync(CancellationToken cancel)
    {
        if (done)
        {
            return;
        }

        await one.WaitAsync(cancel);
        try
        {
            if (!done)
            {
                await DeployedPorts.CreateOwnStoresAsync(deployment, cancel);
                var problems = await book.StoreAsync(policy.Text, policy.File, cancel);
                done = !problems.Any(problem => problem.Severity is ProblemSeverity.Error)
                    ? true
                    : throw new DeploymentException($"The policy '{policy.File}' has mistakes: retention policy lint says which.");
            }
        }
        finally
        {
            one.Release();
        }
    }
}
