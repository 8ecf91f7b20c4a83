using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// The <c>UnicodeScripts</c> pre-tokenizer: cuts where the script changes. Kana count as Han, a blank as any script; what has no
/// script goes with what is before it, and at the very beginning is dropped, as in Hugging Face's tokenizers.
/// </summary>
internal sealed class ScriptPretokenizer : IPretokenizer
{
    private static readonly int Han = UnicodeScripts.Index("Han");
    private static readonly int Hiragana = UnicodeScripts.Index("Hiragana");
    private static readonly int Katakana = UnicodeScripts.Index("Katakana");

    /// <inheritdoc/>
    public void Split(EncodeScratch scratch)
    {
        foreach ((int start, int end) in scratch.Pieces.Span)
        {
            ReadOnlySpan<char> text = scratch.Text.Span;
            int begun = -1;
            int last = UnicodeScripts.None;
            for (int i = start; i < end;)
            {
                Rune.DecodeFromUtf16(text[i..end], out Rune rune, out int used);
                int script = ScriptOf(rune.Value);
                if (script != UnicodeScripts.None && script != last)
                {
                    if (begun >= 0)
                    {
                        scratch.NextPieces.Add(begun, i);
                    }

                    (begun, last) = (i, script);
                }

                i += used;
            }

            if (begun >= 0)
            {
                scratch.NextPieces.Add(begun, end);
            }
        }

        scratch.SwapPieces();
    }

    private static int ScriptOf(int c)
    {
        if (c is ' ')
        {
            return UnicodeScripts.None;
        }

        int script = c == 0x30FC ? Han : UnicodeScripts.EarlyScriptOf(c);
        return script == Hiragana || script == Katakana ? Han : script;
    }
}
