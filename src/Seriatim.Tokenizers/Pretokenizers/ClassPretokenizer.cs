using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Cuts at every character of a kind.</summary>
internal sealed class ClassPretokenizer(Func<Rune, bool> matches, SplitBehavior behavior) : IPretokenizer
{
    /// <summary>Cuts at white space and drops it.</summary>
    public static ClassPretokenizer WhitespaceSplit { get; } = new(Rune.IsWhiteSpace, SplitBehavior.Removed);

    /// <summary>
    /// Whether a character is punctuation for BERT: every visible ASCII char that is no letter or digit, and \p{P}.
    /// </summary>
    public static bool IsPunctuation(Rune rune) =>
        (CharClasses.Of(rune) & CharClasses.Punctuation) != 0
        || (rune.Value is > 0x20 and < 0x7F && !char.IsAsciiLetterOrDigit((char)rune.Value));

    /// <summary>Whether a character is numeric.</summary>
    public static bool IsNumeric(Rune rune) => (CharClasses.Of(rune) & CharClasses.Number) != 0;

    /// <inheritdoc/>
    public void Split(EncodeScratch scratch)
    {
        PieceList found = scratch.Matches;
        foreach ((int start, int end) in scratch.Pieces.Span)
        {
            found.Clear();
            ReadOnlySpan<char> text = scratch.Text.Span[start..end];
            for (int i = 0; i < text.Length;)
            {
                Rune.DecodeFromUtf16(text[i..], out Rune rune, out int used);
                if (matches(rune))
                {
                    found.Add(i, i + used);
                }

                i += used;
            }

            Splitter.Cut(found, start, end, behavior, false, scratch.NextPieces);
        }

        scratch.SwapPieces();
    }
}
