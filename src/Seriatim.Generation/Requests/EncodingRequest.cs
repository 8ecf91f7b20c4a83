namespace Seriatim.Generation;

/// <summary>A whole sequence to be read at once. At least one of the results must be asked for.</summary>
public sealed record EncodingRequest
{
    /// <summary>Token ids, at least one.</summary>
    public required ReadOnlyMemory<int> Tokens { get; init; }

    /// <summary>Token types (sentence A or B), one for each token; empty: all 0.</summary>
    public ReadOnlyMemory<int> TokenTypes { get; init; }

    /// <summary>Global tokens, or the blocks, of models with sparse attention; null: none, and drawn ones.</summary>
    public SparsePattern? Pattern { get; init; }

    /// <summary>Give the embedding of the sequence; null: none.</summary>
    public PoolingKind? Pooling { get; init; }

    /// <summary>More ways of pooling, whose vectors follow that of <see cref="Pooling"/> in the embedding.</summary>
    public IReadOnlyList<PoolingKind> MorePooling { get; init; } = [];

    /// <summary>Scale the embedding to length 1.</summary>
    public bool Normalize { get; init; }

    /// <summary>Give the logits at these places: fill-mask (of classifiers: the classes, at place 0).</summary>
    public IReadOnlyList<int> LogitsAt { get; init; } = [];

    /// <summary>
    /// Name of the adapter of the model whose additions to the weights hold for this request; null: the model as it is.
    /// </summary>
    public string? Adapter { get; init; }

    /// <summary>Requests with a higher priority go first.</summary>
    public int Priority { get; init; }

    /// <summary>The same with numbers that nobody else can change.</summary>
    internal EncodingRequest Own() => this with
    {
        Tokens = Tokens.ToArray(),
        TokenTypes = TokenTypes.ToArray(),
        MorePooling = [.. MorePooling],
        LogitsAt = [.. LogitsAt],
        Pattern = Pattern is { } pattern ? pattern with { Globals = [.. pattern.Globals] } : null,
    };
}
