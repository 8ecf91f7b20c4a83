namespace Seriatim.Web.Chat;

/// <summary>A token that could have come, with its log-probability.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">Its text.</param>
/// <param name="Logprob">The natural logarithm of its probability, before any sampler.</param>
public readonly record struct ChatAlternative(int Id, string Text, double Logprob)
{
    public double Probability => Math.Exp(Logprob);
}
