namespace Seriatim.Tensors;

/// <summary>
/// The weight of a linear layer, <c>y = x Wᵀ + b</c> with W <c>[Outputs, Inputs]</c>: an operand with behaviour. How it is
/// stored and multiplied (packed, in 16 bits, in quantised blocks) is its own affair.
/// </summary>
public abstract class LinearWeight : IDisposable
{
    private protected LinearWeight(string name, int outputs, int inputs, Parameter? bias)
    {
        ShapeMismatchException.Require(
            bias is null || (bias.Rows == 1 && bias.Columns == outputs && bias.Data.Type == DataType.F32),
            name, "the bias", $"{bias} of {bias?.Data.Type}", $"F32 [1, {outputs}]");
        (Name, Outputs, Inputs, Bias) = (name, outputs, inputs, bias);
    }

    /// <summary>The name errors use.</summary>
    public string Name { get; }

    /// <summary>Features of a row of the result.</summary>
    public int Outputs { get; }

    /// <summary>Features of a row of the input.</summary>
    public int Inputs { get; }

    /// <summary>Added to every row, F32 <c>[1, Outputs]</c>; null for none.</summary>
    public Parameter? Bias { get; }

    /// <summary>Bytes the weight takes in memory, bias included.</summary>
    public abstract long Bytes { get; }

    /// <summary>The trainable matrix, or null if this kind of weight cannot be trained.</summary>
    public abstract Parameter? Matrix { get; }

    /// <summary>The quantised matrix, or null if the weight is dense.</summary>
    public virtual QuantizedMatrix? Quantized => null;

    /// <summary>One row of W as F32, exactly as products use it.</summary>
    public abstract void ReadRow(int output, Span<float> row);

    /// <summary>Makes a dense weight in panels.</summary>
    /// <param name="matrix">W <c>[Outputs, Inputs]</c> in <see cref="ParameterLayout.Panels"/>; F32, F16 or BF16.</param>
    /// <param name="bias">F32 <c>[1, Outputs]</c>, or null.</param>
    /// <exception cref="ShapeMismatchException">The bias does not fit.</exception>
    public static LinearWeight FromPanels(Parameter matrix, Parameter? bias = null) => new DenseWeight(matrix, bias);

    /// <summary>Makes a weight in quantised blocks, which cannot be trained.</summary>
    /// <param name="matrix">W <c>[Outputs, Inputs]</c>.</param>
    /// <param name="bias">F32 <c>[1, Outputs]</c>, or null.</param>
    /// <exception cref="ShapeMismatchException">The bias does not fit.</exception>
    public static LinearWeight FromBlocks(QuantizedMatrix matrix, Parameter? bias = null) => new QuantizedWeight(matrix, bias);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Name and shape, as error messages write them.</summary>
    public override string ToString() => $"{Name} [{Outputs}, {Inputs}]";
}
