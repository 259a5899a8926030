using System.Text.RegularExpressions;

namespace RetentionPipeline.Core.Tests.Anonymisation;

internal sealed partial class ReferenceGrammar
{
    [GeneratedRegex(@"(\\[nrtbf]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}|(\x1b|\\u001[bB]|\\x1[bB]|\\e|\\033)\[[0-9;]{0,64}m)\z", RegexOptions.RightToLeft)]
    private static partial Regex Escape();

    [GeneratedRegex(@"[0-9A-Za-z]\z", RegexOptions.RightToLeft)]
    private static partial Regex LetterOrDigitLast();

    [GeneratedRegex(@"[0-9]\.\z", RegexOptions.RightToLeft)]
    private static partial Regex DigitDotLast();

    [GeneratedRegex(@"\A[0-9A-Za-z]")]
    private static partial Regex LetterOrDigitFirst();

    [GeneratedRegex(@"\A\.[0-9]{1,64}(?![0-9A-Za-z])")]
    private static partial Regex NumberLabel();

    [GeneratedRegex(@"\A(:|%3[Aa])([0-9A-Fa-f]|:|%3[Aa])")]
    private static partial Regex ColonGoesOn();

    [GeneratedRegex(@"\A[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")]
    private static partial Regex FourNumbers();

    [GeneratedRegex(@"\A(:|%3[Aa])([0-9]{1,5})(?![0-9])")]
    private static partial Regex JavaPort();

    [GeneratedRegex(@"\A([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})(\.in-addr\.arpa)(?![0-9A-Za-z])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ReverseFour();

    [GeneratedRegex(@"\A([0-9a-f](?:\.[0-9a-f]){31})(\.ip6\.arpa)(?![0-9A-Za-z])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ReverseSix();

    [GeneratedRegex(@"\A[0-9A-Fa-f]{1,4}\z")]
    private static partial Regex Group();

    [GeneratedRegex(@"\A[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){7}\z")]
    private static partial Regex Fingerprint();

    [GeneratedRegex(@"%3[Aa]")]
    private static partial Regex Encoded();
}
