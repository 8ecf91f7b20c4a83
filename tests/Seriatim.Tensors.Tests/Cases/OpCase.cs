namespace Seriatim.Tensors.Tests;

/// <summary>
/// One use of an op with fixed random operands. <see cref="Run"/> goes through <see cref="IOps"/> only, so the same case runs
/// on every implementation, recorded or not.
/// </summary>
public sealed class OpCase(string name, Func<OpCase, IOps, Tensor> run)
{
    private readonly List<Tensor> _inputs = [];
    private readonly List<Parameter> _parameters = [];
    private int _seed = 1;

    /// <summary>Whose memory the operands of cases made from now on, on this thread, are in; null: the CPU's.</summary>
    internal static Device? Making { get => _making; set => _making = value; }

    [ThreadStatic]
    private static Device? _making;

    internal static Device DeviceOfCases => Making ?? Device.Cpu;

    private readonly Device _device = DeviceOfCases;

    public string Name => name;

    public IReadOnlyList<Tensor> Inputs => _inputs;

    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>Largest allowed difference from the reference, relative to the largest element of the operand compared.</summary>
    public float Tolerance { get; init; } = 3e-6f;

    /// <summary>Whether gradients are compared; false for 16-bit weights and page memory, which cannot be trained.</summary>
    public bool Differentiable { get; init; } = true;

    public Tensor Run(IOps ops) => run(this, ops);

    public OpCase Input(int rows, int columns, float spread = 1)
    {
        float[] values = new float[rows * columns];
        Fill(values, spread);
        _inputs.Add(_device.Upload(values, rows, columns));
        return this;
    }

    public Parameter Parameter(int rows, int columns, ParameterLayout layout = ParameterLayout.RowMajor, DataType type = DataType.F32, float spread = 1)
    {
        var parameter = _device.NewParameter($"p{_parameters.Count}", rows, columns, layout, type);
        float[] row = new float[columns];
        for (int r = 0; r < rows; r++)
        {
            Fill(row, spread);
            parameter.WriteRow(r, row);
        }

        _parameters.Add(parameter);
        return parameter;
    }

    public LinearWeight Linear(int outputs, int inputs, bool bias, DataType type = DataType.F32)
    {
        Parameter matrix = Parameter(outputs, inputs, ParameterLayout.Panels, type, 1 / MathF.Sqrt(inputs));
        return LinearWeight.FromPanels(matrix, bias ? Parameter(1, outputs) : null);
    }

    public override string ToString() => name;

    private void Fill(Span<float> values, float spread)
    {
        var random = new Random(_seed++);
        foreach (ref float value in values)
            value = spread * (2 * random.NextSingle() - 1) * 1.5f;
    }
}
