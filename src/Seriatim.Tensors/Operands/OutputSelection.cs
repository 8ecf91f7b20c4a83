namespace Seriatim.Tensors;

/// <summary>
/// Some outputs of a linear layer, copied out of it (<see cref="OutputTable.Select"/>): rows that need no others are multiplied
/// with these alone, to the same bits.
/// </summary>
public sealed class OutputSelection : IDisposable
{
    private readonly int[] _places;

    internal OutputSelection(LinearWeight all, ReadOnlySpan<int> outputs, Parameter? rows)
    {
        if (outputs.IsEmpty)
            throw new ArgumentException($"{all}: no output is selected; one at least is needed.", nameof(outputs));
        _places = new int[all.Outputs];
        Array.Fill(_places, -1);
        int before = -1;
        for (int i = 0; i < outputs.Length; i++)
        {
            if (outputs[i] <= before || outputs[i] >= all.Outputs)
            {
                throw new ArgumentException($"{all}: output {outputs[i]} is selected after {before}; outputs must rise from 0 to "
                    + $"{all.Outputs - 1}, each once.", nameof(outputs));
            }

            _places[before = outputs[i]] = i;
        }

        Weight = all.TakeOutputs(outputs, rows);
    }

    /// <summary>How many outputs.</summary>
    public int Count => Weight.Outputs;

    /// <summary>How many outputs the layer has.</summary>
    public int Of => _places.Length;

    /// <summary>Bytes of the copy.</summary>
    public long Bytes => Weight.Bytes;

    /// <summary>Whether an output is among them.</summary>
    public bool Has(int output) => (uint)output < (uint)_places.Length && _places[output] >= 0;

    /// <summary>Their rows of W, and their biases.</summary>
    internal LinearWeight Weight { get; }

    /// <summary>The place of each output of the layer among those selected; -1: it is not.</summary>
    internal ReadOnlySpan<int> Places => _places;

    /// <inheritdoc/>
    public void Dispose() => Weight.Dispose();
}

/// <summary>Consecutive rows that need the same outputs.</summary>
/// <param name="Rows">How many rows.</param>
/// <param name="Outputs">The outputs that they need, each once.</param>
public readonly record struct SelectedRows(int Rows, ReadOnlyMemory<int> Outputs);
