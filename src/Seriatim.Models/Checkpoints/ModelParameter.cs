namespace Seriatim.Models;

/// <summary>A parameter of a model and its place in checkpoints.</summary>
/// <param name="Parameter">Name, data and gradient.</param>
/// <param name="Place">Where it lies in a checkpoint.</param>
/// <param name="IsVector">Whether the file tensor is a vector.</param>
/// <param name="IsConstant">Stored in checkpoints, but never trained.</param>
public sealed record ModelParameter(Parameter Parameter, TensorPlace Place, bool IsVector, bool IsConstant)
{
    /// <summary>The path of the part in the model, e.g. <c>layers.3.attention.q</c>.</summary>
    public string Path { get; init; } = "";

    /// <summary>Whether it is a linear or embedding matrix, which may be stored in 16 bits.</summary>
    public bool IsMatrix { get; init; }

    /// <summary><c>.weight</c>, <c>.bias</c>, or nothing.</summary>
    public string Ending { get; init; } = "";
}
