namespace Seriatim.Tensors;

/// <summary>
/// The weight of a linear layer, <c>y = x Wᵀ + b</c> with W <c>[Outputs, Inputs]</c>: an operand with behaviour. How it is
/// stored and multiplied (packed, in 16 bits, in quantised blocks, as a sum with a matrix of low rank, as a part of another) is
/// its own affair; ops ask for products, never for a kind.
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

    /// <summary>What the layer is for: its time is counted there.</summary>
    public OpPart Part { get; set; } = OpPart.Projection;

    /// <summary>Bytes the weight takes in memory, bias included; parts of other weights count theirs.</summary>
    public abstract long Bytes { get; }

    /// <summary>
    /// The matrices and vectors that backward passes may train; empty if the weight is frozen by kind and has no bias.
    /// </summary>
    public abstract IEnumerable<Parameter> Parameters { get; }

    /// <summary>The same matrix with another bias. The matrix is shared, and disposed with either.</summary>
    /// <param name="bias">F32 <c>[1, Outputs]</c>, or null.</param>
    /// <exception cref="ShapeMismatchException">The bias does not fit.</exception>
    /// <exception cref="NotSupportedException">The weight is a part of another, whose biases are its own.</exception>
    public abstract LinearWeight WithBias(Parameter? bias);

    /// <summary>One row of W as F32, exactly as products use it. Waits for the device.</summary>
    /// <param name="output">The row, 0 to Outputs - 1.</param>
    /// <param name="row">Takes the Inputs values.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public abstract void ReadRow(int output, Span<float> row);

    /// <summary>Makes a dense weight in panels, in the memory of its matrix.</summary>
    /// <param name="matrix">W <c>[Outputs, Inputs]</c> in <see cref="ParameterLayout.Panels"/>; F32, F16 or BF16.</param>
    /// <param name="bias">F32 <c>[1, Outputs]</c>, or null.</param>
    /// <exception cref="ShapeMismatchException">The bias does not fit.</exception>
    public static LinearWeight FromPanels(Parameter matrix, Parameter? bias = null) => matrix.Device.Pack(matrix, bias);

    /// <summary>Makes a weight in quantised blocks, which is frozen but passes the gradient of its input.</summary>
    /// <param name="matrix">W <c>[Outputs, Inputs]</c>.</param>
    /// <param name="bias">F32 <c>[1, Outputs]</c>, or null.</param>
    /// <exception cref="ShapeMismatchException">The bias does not fit.</exception>
    public static LinearWeight FromBlocks(QuantizedMatrix matrix, Parameter? bias = null) => matrix.Device.Pack(matrix, bias);

    /// <summary>This weight and a trainable matrix of low rank: <c>W + scale · B A</c> (Hu et al., 2021: LoRA).</summary>
    /// <param name="a">A <c>[rank, Inputs]</c> in <see cref="ParameterLayout.Panels"/>.</param>
    /// <param name="b">B <c>[Outputs, rank]</c> in <see cref="ParameterLayout.Panels"/>.</param>
    /// <param name="scale">Factor of the product: alpha / rank in the paper.</param>
    /// <exception cref="ShapeMismatchException">A or B does not fit.</exception>
    public LinearWeight WithLowRank(Parameter a, Parameter b, float scale) => new LowRankWeight(this, a, b, scale);

    /// <summary>This weight, to which rows of groups can have something of their own added.</summary>
    public GroupedWeight WithGroups() => new(this);

    /// <summary>Some outputs of this weight, with their biases: a shard of a layer that is cut by its outputs.</summary>
    /// <param name="first">First output, a multiple of 32.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// There are no such outputs, or they begin or end within a panel of 32.
    /// </exception>
    public LinearWeight ShardOfOutputs(int first, int count) => new OutputShard(this, first, count);

    /// <summary>
    /// Some inputs of this weight, without its bias: a shard of a layer that is cut by its inputs. The results of all shards and
    /// the bias add up to those of the whole, though not to the same bits: the sums are cut.
    /// </summary>
    /// <param name="first">First input.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no such inputs.</exception>
    public LinearWeight ShardOfInputs(int first, int count) => new InputShard(this, first, count);

    /// <summary>
    /// What outputs are selected from, for rows that need no others (<see cref="OpsExtensions.LinearSelected"/>).
    /// </summary>
    /// <exception cref="NotSupportedException">The weight is made of others, whose rows are not its own.</exception>
    public OutputTable NewOutputTable() => new(this);

    /// <summary>A copy of W row after row, if rows are taken from that; null: they are taken from where they are.</summary>
    internal virtual Parameter? CopyRows() => throw new NotSupportedException(
        $"{this} is a {GetType().Name}: its rows are not its own, so none can be taken out. Take them of what it is made of.");

    /// <summary>A weight that holds copies of some rows of W and their biases, stored as they are here.</summary>
    /// <param name="outputs">Which.</param>
    /// <param name="rows">What <see cref="CopyRows"/> gave.</param>
    internal virtual LinearWeight TakeOutputs(ReadOnlySpan<int> outputs, Parameter? rows) =>
        throw new NotSupportedException($"{this}: {nameof(CopyRows)} has refused.");

    private protected Parameter? TakeBias(ReadOnlySpan<int> outputs)
    {
        if (Bias is not { } bias)
            return null;
        float[] all = new float[Outputs], some = new float[outputs.Length];
        bias.ReadRow(0, all);
        for (int i = 0; i < some.Length; i++)
            some[i] = all[outputs[i]];
        var taken = new Parameter(bias.Device, bias.Name, 1, some.Length, bias.Layout, bias.Data.Type) { Trainable = false };
        taken.WriteRow(0, some);
        return taken;
    }

    /// <summary><c>y = x Wᵀ + b</c> for a run of outputs; may be put off until <see cref="LinearRows{T}.Finish"/>.</summary>
    /// <param name="x">The rows.</param>
    /// <param name="firstOutput">First output, a multiple of 32.</param>
    /// <param name="outputs">How many.</param>
    /// <param name="y">Result; column 0 is the first output.</param>
    /// <param name="yStride">Floats from row to row of y.</param>
    internal abstract unsafe void Multiply<T>(LinearRows<T> x, int firstOutput, int outputs, float* y, nint yStride)
        where T : struct, ILanes<T>;

    /// <summary><c>dx (+)= dy W</c> over a run of outputs, o in sequence.</summary>
    /// <param name="dy">Gradients of those outputs, <c>[N, outputs]</c>.</param>
    /// <param name="firstOutput">First output, a multiple of 32.</param>
    /// <param name="dx">Result <c>[N, Inputs]</c>.</param>
    /// <param name="accumulate">Whether to go on from what dx holds.</param>
    internal abstract unsafe void BackwardInput<T>(LinearRows<T> dy, int firstOutput, float* dx, bool accumulate)
        where T : struct, ILanes<T>;

    /// <summary>Adds <c>dyᵀ x</c> and the column sums of dy to the gradients of what is trainable, n in sequence.</summary>
    /// <param name="x">The rows.</param>
    /// <param name="dy">Gradients of those outputs, <c>[N, outputs]</c>.</param>
    /// <param name="firstOutput">First output, a multiple of 32.</param>
    /// <param name="sets">What the weight has to know from run to run of one backward pass; null before the first.</param>
    internal abstract void BackwardWeight<T>(LinearRows<T> x, LinearRows<T> dy, int firstOutput, ref bool? sets)
        where T : struct, ILanes<T>;

    /// <summary>What is added for rows of a group; null: nothing.</summary>
    /// <param name="group">The group.</param>
    /// <param name="output">An output of this weight; becomes that of what is added.</param>
    internal virtual LowRankTerm? TermOf(RowGroup group, ref int output) => null;

    /// <summary>What is added to an output, for plain loops.</summary>
    internal virtual float BiasOf(int output) => Bias is { } bias ? bias.Data.Span[output] : 0;

    /// <summary>As <see cref="BackwardWeight"/> for one output, for plain loops.</summary>
    /// <param name="output">The row of W.</param>
    /// <param name="gradient">Its gradient, a row of <c>dyᵀ x</c>.</param>
    /// <param name="bias">The gradient of its bias.</param>
    internal virtual void AddGradient(int output, ReadOnlySpan<double> gradient, double bias)
    {
        if (Bias is { Trainable: true } vector)
            vector.GradientOrZeros().Span[output] += (float)bias;
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Name and shape, as error messages write them.</summary>
    public override string ToString() => $"{Name} [{Outputs}, {Inputs}]";
}
