using System.Globalization;

namespace Seriatim.Tokenizers;

/// <summary>
/// Turns runs of byte tokens (<c>&lt;0xE4&gt;</c>) into text. A character appears when its last byte has come; bytes that are
/// not UTF-8 become U+FFFD one maximal wrong part at a time (Unicode 15, section 3.9), so that later bytes never change
/// characters that were complete.
/// </summary>
internal sealed class ByteFallbackDecoder : IDecoder
{
    /// <inheritdoc/>
    public DecodeStage CreateStage(DecodeStage next) => new Stage(next);

    /// <inheritdoc/>
    public byte[]? BytesOf(string piece) => ByteOf(piece) is >= 0 and var value ? [(byte)value] : null;

    /// <summary>The byte a piece stands for, or -1.</summary>
    public static int ByteOf(ReadOnlySpan<char> piece) =>
        piece.Length == 6 && piece.StartsWith("<0x") && piece[5] == '>'
            && byte.TryParse(piece[3..5], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value)
            ? value : -1;

    private sealed class Stage(DecodeStage next) : DecodeStage(next)
    {
        private Utf8Assembler _bytes = new();

        public override void Push(ReadOnlySpan<char> text, bool first, bool last)
        {
            int value = first && last ? ByteOf(text) : -1;
            if (value >= 0)
            {
                ReadOnlySpan<char> ready = _bytes.Add((byte)value);
                if (!ready.IsEmpty)
                {
                    Next.Push(ready, true, true);
                }

                return;
            }

            Flush();
            Next.Push(text, first, last);
        }

        public override void Finish()
        {
            Flush();
            Next.Finish();
        }

        protected override void OwnBuffers() => _bytes = _bytes.Copy();

        private void Flush()
        {
            ReadOnlySpan<char> rest = _bytes.Flush();
            if (!rest.IsEmpty)
            {
                Next.Push(rest, true, true);
            }
        }
    }
}
