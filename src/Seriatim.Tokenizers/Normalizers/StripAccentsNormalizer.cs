using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Removes combining marks; text has to be decomposed before.</summary>
internal sealed class StripAccentsNormalizer : INormalizer
{
    /// <inheritdoc/>
    public void Normalize(AlignedText text) => Apply(text, onlyNonSpacing: false);

    /// <summary>Removes marks (all, or only those of category Mn).</summary>
    public static void Apply(AlignedText text, bool onlyNonSpacing)
    {
        if (!text.Span.ContainsAnyExceptInRange('\0', '\u02FF'))
        {
            return;
        }

        text.BeginRewrite();
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.Span[i..], out Rune rune, out int used);
            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            bool mark = category == UnicodeCategory.NonSpacingMark || (!onlyNonSpacing
                && category is UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark);
            if (!mark)
            {
                text.Keep(i, i + used);
            }

            i += used;
        }

        text.EndRewrite();
    }
}
