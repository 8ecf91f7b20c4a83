using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Lower-cases character by character, without regard to language or neighbours.</summary>
internal sealed class LowercaseNormalizer : INormalizer
{
    /// <inheritdoc/>
    public void Normalize(AlignedText text) => Apply(text);

    /// <summary>Lower-cases a text.</summary>
    public static void Apply(AlignedText text)
    {
        // U+0130 is the one character whose full lower case is longer: i and a combining dot.
        if (text.Span.Contains('\u0130'))
        {
            text.BeginRewrite();
            for (int i = 0; i < text.Length; i++)
            {
                if (text.Span[i] == '\u0130')
                {
                    text.Emit("i\u0307", i, i + 1);
                }
                else
                {
                    text.Keep(i, i + 1);
                }
            }

            text.EndRewrite();
        }

        Span<char> span = text.MutableSpan;
        for (int i = 0; i < span.Length; i++)
        {
            if (!char.IsSurrogate(span[i]))
            {
                span[i] = char.ToLowerInvariant(span[i]);
            }
            else if (i + 1 < span.Length && Rune.TryCreate(span[i], span[i + 1], out Rune rune))
            {
                Rune.ToLowerInvariant(rune).EncodeToUtf16(span[i..]);
                i++;
            }
        }
    }
}
