using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>
/// Checks shared access signatures: <c>SharedAccessSignature sr=…&amp;sig=…&amp;se=…&amp;skn=…</c>, where sig is the
/// HMAC-SHA256 by the key of sr, a line feed and se, in Base64, and se the end in Unix seconds.
/// </summary>
internal sealed class SasTokens(string keyName, string key, TimeProvider time)
{
    private const string Scheme = "SharedAccessSignature ";

    /// <summary>Whether the token is signed by our key and has not ended.</summary>
    public bool Accepts(string? token)
    {
        if (token is null || !token.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return false;
        }

        var fields = token[Scheme.Length..].Split('&').Select(field => field.Split('=', 2)).Where(field => field.Length == 2)
            .GroupBy(field => field[0]).ToDictionary(same => same.Key, same => same.First()[1]);
        if (!fields.TryGetValue("sr", out var resource) || !fields.TryGetValue("sig", out var signature)
            || !fields.TryGetValue("se", out var end) || !fields.TryGetValue("skn", out var name))
        {
            return false;
        }

        var expected = Convert.ToBase64String(
            HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes($"{resource}\n{end}")));
        return Uri.UnescapeDataString(name) == keyName
            && long.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            && seconds > time.GetUtcNow().ToUnixTimeSeconds()
            && CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(Uri.UnescapeDataString(signature)));
    }
}
