namespace Seriatim.Models;

/// <summary>The tensors of a checkpoint are not those the config calls for: one is missing, extra, or has another shape.</summary>
public sealed class CheckpointMismatchException : ModelException
{
    internal CheckpointMismatchException(string file, IReadOnlyList<string> tensors, string problem)
        : base($"{file}: {problem}") => Tensors = tensors;

    /// <summary>The tensors at fault.</summary>
    public IReadOnlyList<string> Tensors { get; }
}
