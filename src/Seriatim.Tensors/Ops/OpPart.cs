namespace Seriatim.Tensors;

/// <summary>
/// A part of a Transformer, for measurements. What a linear layer is for, the model says: <see cref="LinearWeight.Part"/>.
/// </summary>
public enum OpPart
{
    /// <summary>Embeddings, sums, copies, gradients' bookkeeping.</summary>
    Other,

    /// <summary>Mixers: attention, recurrences, and the linear layers around them.</summary>
    Attention,

    /// <summary>Feed-forward layers and experts.</summary>
    FeedForward,

    /// <summary>Norms.</summary>
    Norms,

    /// <summary>From hidden rows to logits or a loss.</summary>
    Projection,
}
