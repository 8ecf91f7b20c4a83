namespace Seriatim.Models;

/// <summary>
/// How much dropout training uses, by place (Srivastava et al., 2014; the places are those of Vaswani et al., 2017, section 5.4,
/// and of the Hugging Face models of each family).
/// </summary>
/// <param name="Embedding">Of the rows that enter the first layer.</param>
/// <param name="Residual">Of what attention and feed-forward layers add to the residual stream.</param>
/// <param name="Attention">Of attention weights, after the softmax.</param>
/// <param name="Activation">Of the inner rows of feed-forward layers.</param>
/// <param name="Final">Of the rows after the last norm.</param>
public sealed record DropoutRates(
    float Embedding = 0, float Residual = 0, float Attention = 0, float Activation = 0, float Final = 0)
{
    /// <summary>Of the weights of hashed attention, after the softmax, which the configs of Reformer name by itself.</summary>
    public float HashedAttention { get; init; }

    /// <summary>No dropout.</summary>
    public static DropoutRates None { get; } = new();
}
