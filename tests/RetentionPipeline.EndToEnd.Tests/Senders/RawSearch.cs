using System.Text;
using System.Text.Json;

namespace RetentionPipeline.EndToEnd.Tests.Senders;

/// <summary>
/// Looks for identifiers in the raw bytes of files, in every form in which something readable may write them: as UTF-8 and
/// UTF-16, in upper case, percent-encoded, escaped as JSON, in hexadecimal, and in base64 at each of its three alignments.
/// </summary>
internal static class RawSearch
{
    /// <summary>The files below a folder that hold one of the identifiers, each with the form.</summary>
    public static IReadOnlyList<string> Find(string folder, params IReadOnlyList<string> identifiers)
    {
        var forms = identifiers.SelectMany(FormsOf).ToList();
        var found = new List<string>();
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var bytes = Read(file);
            found.AddRange(forms.Where(form => bytes.AsSpan().IndexOf(form.Bytes) >= 0)
                .Select(form => $"{Path.GetRelativePath(folder, file)} ({form.Name})"));
        }

        return found;
    }

    public static IEnumerable<(string Name, byte[] Bytes)> FormsOf(string identifier)
    {
        var plain = Encoding.UTF8.GetBytes(identifier);
        yield return ("UTF-8", plain);
        yield return ("UTF-16", Encoding.Unicode.GetBytes(identifier));
        yield return ("upper case", Encoding.UTF8.GetBytes(identifier.ToUpperInvariant()));
        yield return ("percent-encoded", Encoding.UTF8.GetBytes(Uri.EscapeDataString(identifier)));
        yield return ("JSON", Encoding.UTF8.GetBytes(JsonEncodedText.Encode(identifier).ToString()));
        yield return ("hexadecimal", Encoding.UTF8.GetBytes(Convert.ToHexStringLower(plain)));
        for (var shift = 0; shift < 3; shift++)
        {
            // Without the characters at both ends that also depend on what stands before and behind.
            var text = Convert.ToBase64String([.. new byte[shift], .. plain, 0, 0, 0]);
            var first = (shift * 8 + 5) / 6;
            yield return ($"base64, {shift}", Encoding.ASCII.GetBytes(text[first..((shift + plain.Length) * 8 / 6)]));
        }
    }

    private static byte[] Read(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[stream.Length];
            return bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }
}
