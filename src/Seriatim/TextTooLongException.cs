using Seriatim.Generation;

namespace Seriatim;

/// <summary>A text has more tokens than the model reads. Nothing is ever cut off.</summary>
public sealed class TextTooLongException : GenerationException
{
    internal TextTooLongException(int number, int tokens, int limit)
        : base($"Text {number} has {tokens} tokens; {limit} is the most that is read. Cut it into sentences.") =>
        (Number, Tokens, Limit) = (number, tokens, limit);

    /// <summary>Number of the text among those given, from 1.</summary>
    public int Number { get; }

    /// <summary>Its tokens, the prefix included.</summary>
    public int Tokens { get; }

    /// <summary>Most tokens.</summary>
    public int Limit { get; }
}
