using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Turns the visible byte alphabet of GPT-2 back into bytes and those into text. A token with any other char (an added token)
/// is taken as it is.
/// </summary>
internal sealed class ByteLevelDecoder : IDecoder
{
    /// <inheritdoc/>
    public DecodeStage CreateStage(DecodeStage next) => new Stage(next);

    /// <inheritdoc/>
    public byte[]? BytesOf(string piece)
    {
        var bytes = new byte[piece.Length];
        return ByteAlphabet.TryDecode(piece, bytes) ? bytes : Encoding.UTF8.GetBytes(piece);
    }

    private sealed class Stage(DecodeStage next) : DecodeStage(next)
    {
        private Utf8Assembler _bytes = new();
        private StringBuilder _token = new();
        private byte[] _buffer = new byte[64];
        private bool _begun;

        public override void Push(ReadOnlySpan<char> text, bool first, bool last)
        {
            if (first && last)
            {
                Take(text);
                return;
            }

            _token.Append(text);
            if (last)
            {
                Take(_token.ToString());
                _token.Clear();
            }
        }

        public override void Finish()
        {
            Send(_bytes.Flush());
            if (_begun)
            {
                Next.Push([], false, true);
            }

            Next.Finish();
        }

        protected override void OwnBuffers() =>
            (_bytes, _token, _buffer) = (_bytes.Copy(), new StringBuilder().Append(_token), new byte[_buffer.Length]);

        private void Take(ReadOnlySpan<char> token)
        {
            if (_buffer.Length < token.Length * 3)
            {
                _buffer = new byte[token.Length * 3];
            }

            if (ByteAlphabet.TryDecode(token, _buffer))
            {
                Send(_bytes.Add(_buffer.AsSpan(0, token.Length)));
            }
            else
            {
                Send(_bytes.Add(_buffer.AsSpan(0, Encoding.UTF8.GetBytes(token, _buffer))));
            }
        }

        private void Send(ReadOnlySpan<char> text)
        {
            if (!text.IsEmpty)
            {
                Next.Push(text, !_begun, false);
                _begun = true;
            }
        }
    }
}
