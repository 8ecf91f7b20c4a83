namespace Seriatim.Models;

/// <summary>A parameter that a layer asks its <see cref="IWeightSource"/> for.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Place">Where it lies in a checkpoint.</param>
/// <param name="Rows">Rows; 1 for a vector.</param>
/// <param name="Columns">Columns; the length of a vector.</param>
/// <param name="Layout">Order of the elements in memory.</param>
/// <param name="IsMatrix">A linear or embedding matrix (may be stored in 16 bits) as opposed to a vector or small table.</param>
/// <param name="Initializer">How it begins without a checkpoint.</param>
/// <param name="Why">Where the shape comes from, in the words of the config.</param>
public sealed record ParameterRequest(
    string Name, TensorPlace Place, int Rows, int Columns, ParameterLayout Layout, bool IsMatrix, Initializer Initializer,
        string Why)
{
    /// <summary>Whose memory it is made in.</summary>
    public Device Device { get; init; } = Device.Cpu;

    /// <summary>The path of the part in the model, e.g. <c>layers.3.attention.q</c>.</summary>
    public string Path { get; init; } = "";

    /// <summary><c>.weight</c>, <c>.bias</c>, or nothing.</summary>
    public string Ending { get; init; } = "";

    /// <summary>Factor of the default deviation, <c>1 / sqrt(columns)</c>, of a random start.</summary>
    public float Gain { get; init; } = 1;

    /// <summary>The steps that a bias begins with, if it is one of steps (<see cref="Initializer.Steps"/>).</summary>
    public StepRange Steps { get; init; } = StepRange.Usual;

    /// <summary>Makes the parameter, all zeros.</summary>
    /// <param name="type">How it is stored.</param>
    public Parameter NewParameter(DataType type = DataType.F32) => Device.NewParameter(Name, Rows, Columns, Layout, type);

    /// <summary>Whether this is a vector in the file.</summary>
    public bool IsVector => Rows == 1 && !IsMatrix;

    /// <summary>The shape of the whole file tensor.</summary>
    public long[] FileShape => IsVector ? Place.FileShape(Columns, null) : Place.FileShape(Rows, Columns);
}
