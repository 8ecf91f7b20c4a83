namespace Seriatim.Inspection;

/// <summary>What of a pass can be asked for.</summary>
[Flags]
public enum CaptureKinds
{
    /// <summary>Nothing but the last row's logits.</summary>
    None = 0,

    /// <summary>Rows of the tables that make the first row of the stream: tokens, positions, token types.</summary>
    Embedding = 1,

    /// <summary>The residual stream before a layer and after each of its branches.</summary>
    Residual = 2,

    /// <summary>What each branch adds to the stream.</summary>
    Added = 4,

    /// <summary>Results of norms.</summary>
    Norm = 8,

    /// <summary>Queries of the heads, as attention takes them: after rotary positions.</summary>
    Query = 16,

    /// <summary>Keys, as they are stored.</summary>
    Key = 32,

    /// <summary>Values, as they are stored.</summary>
    Value = 64,

    /// <summary>Rows of weights of self-attention.</summary>
    Attention = 128,

    /// <summary>Rows of weights of attention to the encoder's output.</summary>
    CrossAttention = 256,

    /// <summary>What attention, or a recurrence, gives each row before the layer's last product.</summary>
    Mixed = 512,

    /// <summary>States of recurrent layers after a row.</summary>
    State = 1024,

    /// <summary>Which experts a row goes to.</summary>
    Experts = 2048,

    /// <summary>The last hidden row, after the final norm.</summary>
    Hidden = 4096,

    /// <summary>Logits.</summary>
    Logits = 8192,

    /// <summary>
    /// The logit lens: what the model would say if a layer were the last (nostalgebraist, 2020). Costs a head for each layer.
    /// </summary>
    Lens = 16384,

    /// <summary>How long rows of the stream, and what is added to them, are: two numbers in place of a row.</summary>
    Lengths = 32768,
}
