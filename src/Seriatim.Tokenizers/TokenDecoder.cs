namespace Seriatim.Tokenizers;

/// <summary>
/// Turns token ids into text one by one. Text appears as soon as it is certain and never ends in half a character; all results
/// of <see cref="Append"/> and the one of <see cref="Flush"/> together are what
/// <see cref="Tokenizer.Decode(ReadOnlySpan{int}, bool)"/> gives. Not thread-safe; make one for each stream.
/// </summary>
public sealed class TokenDecoder
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecialTokens;
    private TextStage _text;
    private DecodeStage _first;

    internal TokenDecoder(Tokenizer tokenizer, IDecoder decoder, bool skipSpecialTokens)
    {
        _tokenizer = tokenizer;
        _skipSpecialTokens = skipSpecialTokens;
        Decoder = decoder;
        _text = new TextStage();
        _first = decoder.CreateStage(_text);
    }

    private IDecoder Decoder { get; }

    /// <summary>Adds a token and returns the text that became certain, perhaps none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public string Append(int id)
    {
        Push(id);
        return _text.Take();
    }

    /// <summary>Ends the text and returns what was held back. The decoder is then ready for another text.</summary>
    public string Flush()
    {
        _first.Finish();
        string rest = _text.Take();
        _text = new TextStage();
        _first = Decoder.CreateStage(_text);
        return rest;
    }

    /// <summary>A decoder that goes on from here by itself.</summary>
    public TokenDecoder Copy()
    {
        var copy = new TokenDecoder(_tokenizer, Decoder, _skipSpecialTokens);
        copy._first = _first.Copy(copy._text);
        return copy;
    }

    internal void Push(int id)
    {
        if (_tokenizer.TryGetPieceToDecode(id, _skipSpecialTokens, out string? piece))
        {
            _first.Push(piece, true, true);
        }
    }
}
