using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// BERT's cleaning: control characters go, white space becomes blanks, ideographs stand alone, accents and case go.
/// </summary>
internal sealed class BertNormalizer(bool cleanText, bool padIdeographs, bool stripAccents, bool lowercase) : INormalizer
{
    private static readonly UnicodeNormalizer Decompose = new(compose: false, compatibility: false);

    /// <inheritdoc/>
    public void Normalize(AlignedText text)
    {
        if (cleanText || padIdeographs)
        {
            Clean(text);
        }

        if (stripAccents)
        {
            Decompose.Normalize(text);
            StripAccentsNormalizer.Apply(text, onlyNonSpacing: true);
        }

        if (lowercase)
        {
            LowercaseNormalizer.Apply(text);
        }
    }

    private void Clean(AlignedText text)
    {
        text.BeginRewrite();
        for (int i = 0; i < text.Length;)
        {
            ReadOnlySpan<char> span = text.Span;
            Rune.DecodeFromUtf16(span[i..], out Rune rune, out int used);
            char c = span[i];
            byte classes = CharClasses.Of(rune);
            bool space = (classes & CharClasses.Space) != 0;

            // Controls, formats and private characters go; those not assigned stay.
            bool dropped = cleanText && !space && (c is '\0' or '\uFFFD' || ((classes & CharClasses.Other) != 0
                && Rune.GetUnicodeCategory(rune) != UnicodeCategory.OtherNotAssigned));
            if (cleanText && space && (classes & CharClasses.Other) != 0 && c is not ('\t' or '\n' or '\r'))
            {
                dropped = true;
            }

            if (!dropped)
            {
                Write(text, rune, i, used, cleanText && space);
            }

            i += used;
        }

        text.EndRewrite();
    }

    private void Write(AlignedText text, Rune rune, int at, int used, bool blank)
    {
        if (blank)
        {
            text.Emit(' ', at, at + used);
        }
        else if (padIdeographs && CharClasses.IsIdeograph(rune.Value))
        {
            text.Emit(' ', at, at + used);
            text.Keep(at, at + used);
            text.Emit(' ', at, at + used);
        }
        else
        {
            text.Keep(at, at + used);
        }
    }
}
