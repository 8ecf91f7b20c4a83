namespace Seriatim.Inspection;

/// <summary>The gradient of one matrix or vector.</summary>
public readonly record struct GradientNorm
{
    internal GradientNorm(string path, int rows, int columns, double norm) =>
        (Path, Rows, Columns, Norm) = (path, rows, columns, norm);

    /// <summary>Where it is in the model, e.g. <c>layers.3.attention.q</c>.</summary>
    public string Path { get; }

    /// <summary>Rows.</summary>
    public int Rows { get; }

    /// <summary>Columns.</summary>
    public int Columns { get; }

    /// <summary>Root of the sum of its squares.</summary>
    public double Norm { get; }
}
