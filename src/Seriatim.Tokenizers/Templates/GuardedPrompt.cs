namespace Seriatim.Tokenizers;

/// <summary>A prompt, and where in it a special token that is written there is text.</summary>
/// <param name="Text">The prompt.</param>
/// <param name="PlainStarts">Places at which no special token begins.</param>
internal sealed record GuardedPrompt(string Text, HashSet<int> PlainStarts)
{
    /// <summary>Whether what would be a special token from one place to another is text.</summary>
    public bool IsPlain(int start, int end)
    {
        for (int at = start; at < end; at++)
        {
            if (PlainStarts.Contains(at))
                return true;
        }

        return false;
    }
}
