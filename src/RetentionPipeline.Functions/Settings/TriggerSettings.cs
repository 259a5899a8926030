using System.Reflection;

namespace RetentionPipeline.Functions.Settings;

/// <summary>
/// What the triggers themselves read from the settings, as <c>%Name%</c>. The host resolves it, and leaves out a
/// function whose setting is missing, without a word: so each must be there before the app starts.
/// </summary>
internal static class TriggerSettings
{
    private const string QueueTrigger = "ServiceBusTriggerAttribute";

    /// <summary>The names of the settings, as environment variables have them.</summary>
    public static IReadOnlyList<string> Of(IEnumerable<Type> functionClasses) =>
    [
        .. Attributes(functionClasses)
            .SelectMany(attribute => attribute.ConstructorArguments).Select(argument => argument.Value).OfType<string>()
            .Where(text => text.Length > 2 && text.StartsWith('%') && text.EndsWith('%'))
            .Select(text => text.Trim('%').Replace(":", "__", StringComparison.Ordinal)).Distinct(),
    ];

    /// <summary>Whether the pipeline's own queues have triggers in this flavour. Told by name: the other has no such type.</summary>
    public static bool HasQueueTriggers(IEnumerable<Type> functionClasses) =>
        Attributes(functionClasses).Any(attribute => attribute.AttributeType.Name == QueueTrigger);

    /// <summary>Notes what is missing and was not noted yet.</summary>
    public static void Check(SettingsReader settings, IEnumerable<Type> functionClasses)
    {
        foreach (var name in Of(functionClasses).Where(name =>
            settings.Find(name) is null && !settings.Problems.Any(problem => problem.StartsWith(name + " ", StringComparison.Ordinal))))
        {
            settings.Refuse(name, "is missing. The host would leave out the function that it is for.");
        }
    }

    private static IEnumerable<CustomAttributeData> Attributes(IEnumerable<Type> functionClasses) => functionClasses
        .SelectMany(type => type.GetMethods()).SelectMany(method => method.GetParameters())
        .SelectMany(parameter => parameter.GetCustomAttributesData());
}
