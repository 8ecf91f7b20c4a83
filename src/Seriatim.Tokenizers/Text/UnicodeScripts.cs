using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Scripts and properties of code points, which .NET does not have (see make-unicode-tables.pl; Unicode 14).
/// </summary>
internal static class UnicodeScripts
{
    /// <summary>Of a code point without a script.</summary>
    public const int None = -1;

    private static readonly List<string> Names = [];
    private static readonly List<Range> Ranges = [];
    private static readonly Dictionary<string, string> Classes = new(StringComparer.Ordinal);

    static UnicodeScripts()
    {
        using Stream stream = typeof(UnicodeScripts).Assembly.GetManifestResourceStream("unicode-scripts.bin")!;
        using var reader = new BinaryReader(stream, Encoding.ASCII);
        for (int n = reader.Read7BitEncodedInt(); n > 0; n--)
        {
            Names.Add(new string(reader.ReadChars(reader.Read7BitEncodedInt())));
        }

        int end = 0;
        for (int n = reader.Read7BitEncodedInt(); n > 0; n--)
        {
            int start = end + reader.Read7BitEncodedInt();
            end = start + reader.Read7BitEncodedInt();
            int value = reader.Read7BitEncodedInt();
            Ranges.Add(new Range(start, end - 1, value >> 1, (value & 1) == 0));
        }

        for (int script = 0; script < Names.Count; script++)
        {
            Classes[Fold(Names[script])] = ClassOf(Ranges.Where(range => range.Script == script).Select(r => (r.Start, r.End)));
        }

        foreach (string property in new[] { "alphabetic", "lowercase", "uppercase" })
        {
            var ranges = new List<(int, int)>();
            end = 0;
            for (int n = reader.Read7BitEncodedInt(); n > 0; n--)
            {
                int start = end + reader.Read7BitEncodedInt();
                end = start + reader.Read7BitEncodedInt();
                ranges.Add((start, end - 1));
            }

            Classes[property] = ClassOf(ranges);
        }
    }

    private readonly record struct Range(int Start, int End, int Script, bool Early);

    /// <summary>Number of a script by name.</summary>
    public static int Index(string name) => Names.IndexOf(name);

    /// <summary>
    /// The script of a code point as Hugging Face's tokenizers have it: Unicode 9, so characters that came later have none.
    /// </summary>
    public static int EarlyScriptOf(int c)
    {
        switch (c)
        {
            // Four characters have moved since.
            case 0x0589 or 0x061C:
                return Index("Common");
            case 0x0953 or 0x0954:
                return Index("Devanagari");
        }

        int low = 0;
        int high = Ranges.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            Range range = Ranges[middle];
            if (c < range.Start)
            {
                high = middle - 1;
            }
            else if (c > range.End)
            {
                low = middle + 1;
            }
            else
            {
                return range.Early ? range.Script : None;
            }
        }

        return None;
    }

    /// <summary>
    /// What stands between the brackets of a class of .NET for a script or for Alphabetic, Lowercase or Uppercase (BMP only);
    /// null for another name. Case, blanks, hyphens and underscores do not count.
    /// </summary>
    public static string? ClassOf(string name) => Classes.GetValueOrDefault(Fold(name));

    /// <summary>A name of a property as Oniguruma compares it.</summary>
    public static string Fold(string name) =>
        string.Concat(name.Where(c => c is not (' ' or '-' or '_'))).ToLowerInvariant();

    private static string ClassOf(IEnumerable<(int Start, int End)> ranges)
    {
        var items = new StringBuilder();
        foreach ((int start, int end) in ranges.Where(range => range.Start <= 0xFFFF))
        {
            items.Append(CultureInfo.InvariantCulture, $"\\u{start:X4}");
            if (end > start)
            {
                items.Append(CultureInfo.InvariantCulture, $"-\\u{Math.Min(end, 0xFFFF):X4}");
            }
        }

        return items.ToString();
    }
}
