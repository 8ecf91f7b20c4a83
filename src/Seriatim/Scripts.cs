namespace Seriatim;

/// <summary>The script of a text, which tells languages apart that are written differently.</summary>
internal static class Scripts
{
    private const string Latin = "Latin", Han = "Han", Kana = "Kana", Hangul = "Hangul";

    /// <summary>
    /// Scripts whose mere occurrence decides, in this order: a Chinese sentence may hold English names,
    /// an English one has no Chinese characters.
    /// </summary>
    private static readonly (string Script, int First, int Last)[] Ranges =
    [
        (Kana, 0x3041, 0x30FF), (Hangul, 0xAC00, 0xD7A3), (Hangul, 0x1100, 0x11FF), (Han, 0x3400, 0x9FFF), (Han, 0xF900, 0xFAFF),
        (Han, 0x20000, 0x3FFFF), ("Cyrillic", 0x0400, 0x052F), ("Greek", 0x0370, 0x03FF), ("Hebrew", 0x0590, 0x05FF),
        ("Arabic", 0x0600, 0x06FF), ("Devanagari", 0x0900, 0x097F), ("Thai", 0x0E00, 0x0E7F),
    ];

    public static string Of(string text)
    {
        int best = Ranges.Length;
        foreach (System.Text.Rune rune in text.EnumerateRunes())
        {
            int found = Array.FindIndex(Ranges, range => rune.Value >= range.First && rune.Value <= range.Last);
            if (found >= 0)
                best = Math.Min(best, found);
        }

        return best < Ranges.Length ? Ranges[best].Script : Latin;
    }

    /// <summary>The script of a language by its code; Latin if it is not known.</summary>
    public static string OfLanguage(string code) => code.ToLowerInvariant().Split('-')[0] switch
    {
        "zh" or "cmn" or "yue" => Han,
        "ja" => Kana,
        "ko" => Hangul,
        "ru" or "uk" or "be" or "bg" or "mk" or "sr" => "Cyrillic",
        "el" => "Greek",
        "he" or "yi" => "Hebrew",
        "ar" or "fa" or "ur" => "Arabic",
        "hi" or "mr" or "ne" => "Devanagari",
        "th" => "Thai",
        _ => Latin,
    };
}
