namespace Seriatim.Tensors;

/// <summary>Who goes to which expert, and with what weight.</summary>
public sealed class RoutingView
{
    private readonly ExpertRouting _routing;

    internal RoutingView(ExpertRouting routing) => _routing = routing;

    /// <summary>Number of experts.</summary>
    public int Experts => _routing.Experts;

    internal CapturingOps Ops { get; set; } = null!;

    /// <summary>The experts of a row, by number, and their weights.</summary>
    /// <param name="row">Row of the pass.</param>
    /// <param name="weights">The result of the router: a weight for each pair.</param>
    public (int[] Experts, float[] Weights) Of(int row, Tensor weights)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)_routing.Rows);
        int[] experts = [];
        float[] read = Ops.Read(() =>
        {
            int[] pairs = _routing.PairsOfRow.AsSpan(row * _routing.PerToken, _routing.PerToken).ToArray();
            experts = Array.ConvertAll(pairs, pair => _routing.ExpertOf[pair]);
            return Array.ConvertAll(pairs, pair => weights.Row(pair)[0]);
        });
        return (experts, read);
    }
}
