namespace Seriatim.Models;

/// <summary>What goes from the last layer of a stage to the first one of the next.</summary>
/// <param name="Stream">The residual stream, <c>[N, E]</c>.</param>
/// <param name="LayerInputs">
/// What the layers that follow are given of the tokens directly, side by side; null: nothing (most models).
/// </param>
public sealed record StageRows(Tensor Stream, Tensor? LayerInputs) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Stream.Dispose();
        LayerInputs?.Dispose();
    }
}
