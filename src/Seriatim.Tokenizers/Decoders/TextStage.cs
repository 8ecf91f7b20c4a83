using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>The end of every chain: collects the text.</summary>
internal sealed class TextStage() : DecodeStage(null)
{
    private readonly StringBuilder _text = new();

    /// <inheritdoc/>
    public override void Push(ReadOnlySpan<char> text, bool first, bool last) => _text.Append(text);

    /// <inheritdoc/>
    public override void Finish()
    {
    }

    /// <summary>Takes the text collected so far.</summary>
    public string Take()
    {
        if (_text.Length == 0)
        {
            return "";
        }

        string text = _text.ToString();
        _text.Clear();
        return text;
    }
}
