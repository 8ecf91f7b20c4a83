namespace Seriatim.Generation;

/// <summary>A prompt and the tokens asked for do not fit into the model's context. Nothing is ever cut off.</summary>
public sealed class PromptTooLongException : GenerationException
{
    internal PromptTooLongException(string what, int length, int newTokens, int limit)
        : base(newTokens == 0
            ? $"{what} has {length} tokens; {limit} is the most. Shorten it."
            : $"{what} has {length} tokens and {newTokens} new ones are asked for, {(long)length + newTokens} in all; the "
                + $"model's context has {limit}. Shorten the prompt, or ask for at "
                + $"most {Math.Max(0, limit - length)} new tokens.") =>
        (Length, NewTokens, Limit) = (length, newTokens, limit);

    /// <summary>Tokens of the prompt.</summary>
    public int Length { get; }

    /// <summary>New tokens asked for; 0 where the prompt alone is too long.</summary>
    public int NewTokens { get; }

    /// <summary>Most tokens.</summary>
    public int Limit { get; }
}
