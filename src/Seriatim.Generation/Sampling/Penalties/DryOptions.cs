namespace Seriatim.Generation;

/// <summary>
/// Don't repeat yourself (llama.cpp): a token that would extend a repetition of n ≥ <see cref="AllowedLength"/> tokens
/// loses <c>Multiplier · Base^(n - AllowedLength)</c>.
/// </summary>
public sealed record DryOptions
{
    /// <summary>Above 0.</summary>
    public float Multiplier { get; init; } = 0.8f;

    /// <summary>1 or more.</summary>
    public float Base { get; init; } = 1.75f;

    /// <summary>Shortest repetition that is penalised, 1 or more.</summary>
    public int AllowedLength { get; init; } = 2;

    /// <summary>How many of the last tokens are looked at; null: all.</summary>
    public int? LastN { get; init; }

    /// <summary>Ids that no repetition extends over (line ends, quotation marks).</summary>
    public IReadOnlyList<int> Breakers { get; init; } = [];
}
