namespace Seriatim.Tensors;

/// <summary>The parts of a Transformer whose time <see cref="TracingOps"/> adds up.</summary>
public enum TracedPart
{
    /// <summary>Queries, keys, values, positions, scores and the output layer of attention.</summary>
    Attention,

    /// <summary>The linear layers and activations between; experts and their router.</summary>
    FeedForward,

    /// <summary>Layer and RMS norms.</summary>
    Norms,

    /// <summary>Hidden rows to logits.</summary>
    Projection,

    /// <summary>Embedding, residual sums, gathering of rows.</summary>
    Other,
}
