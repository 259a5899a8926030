namespace RetentionPipeline.EndToEnd.Tests.Instances;

/// <summary>
/// How far the steps lie apart at which a test lets something happen: each of them where RETENTION_LONG is set, one of three
/// elsewhere, so that the whole of the tests stays within minutes. Tests that use it are of the category Long: CI sweeps in full.
/// </summary>
internal static class Sweep
{
    public static int Stride => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("RETENTION_LONG")) ? 3 : 1;
}
