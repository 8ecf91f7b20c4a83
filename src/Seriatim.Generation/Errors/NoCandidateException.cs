namespace Seriatim.Generation;

/// <summary>After all constraints no token is left that could be chosen, or the model's logits are not numbers.</summary>
public sealed class NoCandidateException : GenerationException
{
    internal NoCandidateException(string reason, int step)
        : base($"No token can be chosen as new token {step + 1}: {reason}.") => Step = step;

    /// <summary>New tokens that were there already.</summary>
    public int Step { get; }
}
