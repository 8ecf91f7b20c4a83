namespace Seriatim.Tokenizers;

/// <summary>
/// Decompositions, compositions and combining classes of the Unicode Character Database (see make-unicode-tables.py). Hangul
/// syllables are computed (Unicode 15, section 3.12).
/// </summary>
internal static class UnicodeTables
{
    private const int SyllableBase = 0xAC00;
    private const int LeadingBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TrailingBase = 0x11A7;
    private const int Leadings = 19;
    private const int Vowels = 21;
    private const int Trailings = 28;
    private const int Syllables = Leadings * Vowels * Trailings;

    private static readonly Dictionary<int, byte> Classes = [];
    private static readonly Dictionary<int, int[]> Canonical = [];
    private static readonly Dictionary<int, int[]> Compatible = [];
    private static readonly Dictionary<long, int> Compositions = [];
    private static readonly HashSet<int> Seconds = [];

    static UnicodeTables()
    {
        using Stream stream = typeof(UnicodeTables).Assembly.GetManifestResourceStream("unicode-normalization.bin")!;
        using var reader = new BinaryReader(stream);
        Version = new Version(reader.Read7BitEncodedInt(), reader.Read7BitEncodedInt());
        for (int n = reader.Read7BitEncodedInt(); n > 0; n--)
        {
            int c = reader.Read7BitEncodedInt();
            Classes[c] = (byte)reader.Read7BitEncodedInt();
        }

        for (int n = reader.Read7BitEncodedInt(); n > 0; n--)
        {
            int c = reader.Read7BitEncodedInt();
            Dictionary<int, int[]> target = reader.Read7BitEncodedInt() == 0 ? Canonical : Compatible;
            var parts = new int[reader.Read7BitEncodedInt()];
            for (int i = 0; i < parts.Length; i++)
            {
                parts[i] = reader.Read7BitEncodedInt();
            }

            target[c] = parts;
        }

        for (int n = reader.Read7BitEncodedInt(); n > 0; n--)
        {
            int first = reader.Read7BitEncodedInt();
            int second = reader.Read7BitEncodedInt();
            Compositions[((long)first << 32) | (uint)second] = reader.Read7BitEncodedInt();
            Seconds.Add(second);
        }
    }

    /// <summary>The Unicode version of the tables.</summary>
    public static Version Version { get; }

    /// <summary>Canonical combining class.</summary>
    public static int ClassOf(int c) => Classes.TryGetValue(c, out byte value) ? value : 0;

    /// <summary>Adds the full decomposition of a code point.</summary>
    public static void Decompose(int c, bool compatibility, List<int> result)
    {
        int syllable = c - SyllableBase;
        if ((uint)syllable < Syllables)
        {
            result.Add(LeadingBase + (syllable / (Vowels * Trailings)));
            result.Add(VowelBase + (syllable % (Vowels * Trailings) / Trailings));
            if (syllable % Trailings != 0)
            {
                result.Add(TrailingBase + (syllable % Trailings));
            }
        }
        else if ((compatibility && Compatible.TryGetValue(c, out int[]? parts)) || Canonical.TryGetValue(c, out parts))
        {
            result.AddRange(parts);
        }
        else
        {
            result.Add(c);
        }
    }

    /// <summary>The composition of two code points, or -1.</summary>
    public static int Compose(int first, int second)
    {
        int leading = first - LeadingBase;
        int vowel = second - VowelBase;
        if ((uint)leading < Leadings && (uint)vowel < Vowels)
        {
            return SyllableBase + (((leading * Vowels) + vowel) * Trailings);
        }

        int syllable = first - SyllableBase;
        int trailing = second - TrailingBase;
        if ((uint)syllable < Syllables && syllable % Trailings == 0 && trailing is > 0 and < Trailings)
        {
            return first + trailing;
        }

        return Compositions.TryGetValue(((long)first << 32) | (uint)second, out int composed) ? composed : -1;
    }

    /// <summary>
    /// Whether nothing before a code point can combine or change places with it (it comes first in a decomposition).
    /// </summary>
    public static bool IsBoundary(int c) =>
        c < 0x300 || (ClassOf(c) == 0 && !Seconds.Contains(c) && c is not (>= VowelBase and < VowelBase + Vowels)
            and not (> TrailingBase and < TrailingBase + Trailings));
}
