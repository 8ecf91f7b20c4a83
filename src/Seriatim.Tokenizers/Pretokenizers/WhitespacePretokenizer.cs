using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Pieces are runs of word characters and runs of anything else that is not white space: <c>\w+|[^\w\s]+</c>.</summary>
internal sealed class WhitespacePretokenizer : IPretokenizer
{
    /// <inheritdoc/>
    public void Split(EncodeScratch scratch)
    {
        foreach ((int start, int end) in scratch.Pieces.Span)
        {
            ReadOnlySpan<char> text = scratch.Text.Span;
            int begun = start;
            int kind = 0;
            for (int i = start; i < end;)
            {
                Rune.DecodeFromUtf16(text[i..end], out Rune rune, out int used);
                int now = Rune.IsWhiteSpace(rune) ? 0 : CharClasses.IsWord(rune) ? 1 : 2;
                if (now != kind)
                {
                    if (kind != 0)
                    {
                        scratch.NextPieces.Add(begun, i);
                    }

                    (begun, kind) = (i, now);
                }

                i += used;
            }

            if (kind != 0)
            {
                scratch.NextPieces.Add(begun, end);
            }
        }

        scratch.SwapPieces();
    }
}
