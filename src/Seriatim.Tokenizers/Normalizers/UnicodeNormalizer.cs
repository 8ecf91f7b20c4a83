using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// The normalization forms NFC, NFD, NFKC and NFKD. Works through the text from boundary to boundary, so that offsets stay as
/// fine as the text allows: a changed stretch (usually one character with its marks) shares one span.
/// </summary>
internal sealed class UnicodeNormalizer(bool compose, bool compatibility) : INormalizer
{
    /// <inheritdoc/>
    public void Normalize(AlignedText text)
    {
        if (!text.Span.ContainsAnyExceptInRange('\0', compose && !compatibility ? '\u02FF' : '\u007F'))
        {
            return;
        }

        text.BeginRewrite();
        var source = new List<int>();
        var parts = new List<int>();
        int start = 0;
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.Span[i..], out Rune rune, out int used);
            int first = parts.Count;
            UnicodeTables.Decompose(rune.Value, compatibility, parts);
            if (first > 0 && UnicodeTables.IsBoundary(parts[first]))
            {
                int carried = parts.Count - first;
                List<int> next = parts.GetRange(first, carried);
                parts.RemoveRange(first, carried);
                Flush(text, source, parts, start, i);
                parts.AddRange(next);
                start = i;
            }

            source.Add(rune.Value);
            i += used;
        }

        Flush(text, source, parts, start, text.Length);
        text.EndRewrite();
    }

    /// <summary>Normalizes one string.</summary>
    public string Normalize(string text)
    {
        var aligned = new AlignedText();
        aligned.Load(text, 0, false);
        Normalize(aligned);
        return aligned.Span.ToString();
    }

    private void Flush(AlignedText text, List<int> source, List<int> parts, int start, int end)
    {
        Order(parts);
        if (compose)
        {
            Compose(parts);
        }

        bool same = source.Count == parts.Count;
        for (int i = 0; same && i < parts.Count; i++)
        {
            same = source[i] == parts[i];
        }

        if (same)
        {
            text.Keep(start, end);
        }
        else
        {
            Span<char> utf16 = stackalloc char[2];
            foreach (int part in parts)
            {
                text.Emit(utf16[..new Rune(part).EncodeToUtf16(utf16)], start, end);
            }
        }

        source.Clear();
        parts.Clear();
    }

    /// <summary>The canonical ordering algorithm: stable by combining class between starters.</summary>
    private static void Order(List<int> parts)
    {
        for (int i = 0; i < parts.Count;)
        {
            int end = i;
            while (end < parts.Count && UnicodeTables.ClassOf(parts[end]) != 0)
            {
                end++;
            }

            if (end - i > 1)
            {
                int[] sorted = parts.GetRange(i, end - i).OrderBy(UnicodeTables.ClassOf).ToArray();
                for (int k = 0; k < sorted.Length; k++)
                {
                    parts[i + k] = sorted[k];
                }
            }

            i = Math.Max(end, i + 1);
        }
    }

    /// <summary>The canonical composition algorithm.</summary>
    private static void Compose(List<int> parts)
    {
        int starter = -1;
        int lastClass = -1;
        int kept = 0;
        for (int i = 0; i < parts.Count; i++)
        {
            int c = parts[i];
            int combining = UnicodeTables.ClassOf(c);
            if (starter >= 0 && (lastClass < combining || lastClass == -1)
                && UnicodeTables.Compose(parts[starter], c) is >= 0 and var composed)
            {
                parts[starter] = composed;
                continue;
            }

            if (combining == 0)
            {
                starter = kept;
                lastClass = -1;
            }
            else
            {
                lastClass = combining;
            }

            parts[kept++] = c;
        }

        parts.RemoveRange(kept, parts.Count - kept);
    }
}
