namespace RetentionPipeline.Fakes;

/// <summary>How an injected fault treats the effect of the call.</summary>
public enum FaultKind
{
    /// <summary>The call fails and changed nothing.</summary>
    FailedAndNotWritten,

    /// <summary>The call changed what it should and fails all the same: the answer is lost.</summary>
    FailedButWritten,
}

/// <summary>A transient failure that a test planted.</summary>
public sealed class InjectedFaultException(string call) : Exception($"Injected fault at '{call}'.");

/// <summary>
/// The fault switch that every fake asks at each port call. A test sets <see cref="Choose"/>; the fakes count the calls,
/// so that a test can fail call 1, 2, 3 … until a run has no more.
/// </summary>
public sealed class Faults
{
    private readonly Lock gate = new();
    private long calls;

    /// <summary>Number (from 1) and name of the call; null lets it through.</summary>
    public Func<long, string, FaultKind?>? Choose { get; set; }

    /// <summary>Called with the name of each call before it runs, to place things in the middle of a protocol.</summary>
    public Action<string>? Before { get; set; }

    /// <summary>Called with the name of each call after its effect, before its answer: the call is slow.</summary>
    public Action<string>? After { get; set; }

    /// <summary>Calls so far.</summary>
    public long Calls => Interlocked.Read(ref calls);

    /// <summary>Runs an effect under the switch. Names are <c>port.member</c>, such as <c>objects.write-once</c>.</summary>
    public T Run<T>(string call, Func<T> effect)
    {
        FaultKind? fault;
        lock (gate)
        {
            calls++;
            fault = Choose?.Invoke(calls, call);
        }

        Before?.Invoke(call);
        if (fault is FaultKind.FailedAndNotWritten)
        {
            throw new InjectedFaultException(call);
        }

        var result = effect();
        After?.Invoke(call);
        return fault is FaultKind.FailedButWritten ? throw new InjectedFaultException(call) : result;
    }

    /// <summary>As <see cref="Run{T}"/>, for effects without a result.</summary>
    public void Run(string call, Action effect) => Run(call, () =>
    {
        effect();
        return true;
    });
}
