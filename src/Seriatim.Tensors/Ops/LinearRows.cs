namespace Seriatim.Tensors;

/// <summary>
/// Rows that meet several linear weights: packed for dense ones, quantised for quantised ones, each once and when first needed.
/// </summary>
internal sealed unsafe class LinearRows<T>(WorkerTeam team, Tensor x) : IDisposable
    where T : struct, ILanes<T>
{
    private static readonly DotKind Dot = DotKinds.Best(T.Vectors);

    private Tensor? _packed;
    private QuantizedRows? _quantized;

    /// <summary>Computes <c>y = x Wᵀ + b</c> for some weights. Quantised ones that follow one another are one piece of work for the team.</summary>
    /// <param name="weights">W and b of each.</param>
    /// <param name="results">y of each.</param>
    public void Multiply(ReadOnlySpan<LinearWeight> weights, ReadOnlySpan<Tensor> results)
    {
        Span<QuantizedProduct.Part> parts = new QuantizedProduct.Part[weights.Length];
        int count = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            if (weights[i] is QuantizedWeight blocks)
            {
                parts[count++] = Part(blocks, 0, blocks.Outputs, results[i].Floats, blocks.Outputs);
                continue;
            }

            Multiply(parts[..count]);
            count = 0;
            Multiply(weights[i], 0, weights[i].Outputs, results[i].Floats, weights[i].Outputs);
        }

        Multiply(parts[..count]);
    }

    /// <summary>Computes <c>y = x Wᵀ + b</c> for a run of outputs.</summary>
    /// <param name="weight">W and b.</param>
    /// <param name="firstOutput">First output, a multiple of 32.</param>
    /// <param name="outputs">How many.</param>
    /// <param name="y">Result; column 0 is the first output.</param>
    /// <param name="yStride">Floats from row to row of y.</param>
    public void Multiply(LinearWeight weight, int firstOutput, int outputs, float* y, nint yStride)
    {
        if (weight is QuantizedWeight blocks)
        {
            Multiply([Part(blocks, firstOutput, outputs, y, yStride)]);
            return;
        }

        _packed ??= DenseProduct<T>.PackRows(team, x.Floats, x.Rows, x.Columns);
        int first = firstOutput / Parameter.PanelRows;
        int count = (outputs + Parameter.PanelRows - 1) / Parameter.PanelRows;
        DenseProduct<T>.Forward(team, _packed.Floats, x.Rows, LinearOp.Dense(weight), first, count, y, yStride);
    }

    private static QuantizedProduct.Part Part(QuantizedWeight weight, int firstOutput, int outputs, float* y, nint yStride) => new()
    {
        Weight = weight,
        FirstPanel = firstOutput / PanelChunk.Outputs,
        Panels = (outputs + PanelChunk.Outputs - 1) / PanelChunk.Outputs,
        Y = y,
        YStride = yStride,
    };

    private void Multiply(ReadOnlySpan<QuantizedProduct.Part> parts)
    {
        if (parts.IsEmpty)
            return;
        _quantized ??= new QuantizedRows(team, x);
        QuantizedProduct.Forward(team, Dot, _quantized, parts);
    }

    public void Dispose()
    {
        _packed?.Dispose();
        _quantized?.Dispose();
    }
}
