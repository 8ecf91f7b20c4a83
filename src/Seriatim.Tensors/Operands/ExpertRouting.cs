namespace Seriatim.Tensors;

/// <summary>
/// Which experts each row goes to: the pairs (row, expert) sorted by expert, then by row. Made by
/// <see cref="OpsExtensions.RouteExperts(IOps, Tensor, ExpertRule)"/> and filled when the device
/// runs the op, so models do not look into it.
/// </summary>
public sealed class ExpertRouting : IDisposable
{
    internal ExpertRouting(int rows, int experts, int perToken)
    {
        (Rows, Experts, PerToken) = (rows, experts, perToken);
        RowOf = new int[rows * perToken];
        Starts = new int[experts + 1];
        PairsOfRow = new int[rows * perToken];
        ExpertOf = new int[rows * perToken];
    }

    /// <summary>Rows that were routed, N.</summary>
    public int Rows { get; }

    /// <summary>Number of experts.</summary>
    public int Experts { get; }

    /// <summary>Experts of each row.</summary>
    public int PerToken { get; }

    /// <summary>Weight of each pair, <c>[N · PerToken, 1]</c>; gradients flow through it to the router.</summary>
    public Tensor Weights { get; internal set; } = null!;

    /// <summary>Number of pairs.</summary>
    internal int Pairs => Rows * PerToken;

    /// <summary>Row of each pair.</summary>
    internal int[] RowOf { get; }

    /// <summary>Expert of each pair.</summary>
    internal int[] ExpertOf { get; }

    /// <summary>First pair of each expert; the last entry is the number of pairs.</summary>
    internal int[] Starts { get; }

    /// <summary>The pairs of each row, in the order of their experts: <c>[N][PerToken]</c>.</summary>
    internal int[] PairsOfRow { get; }

    private int _disposed;

    /// <summary>Takes its reference to the weights away, once.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            Weights.Dispose();
    }
}
