namespace Seriatim.Models;

/// <summary>
/// A matrix that a checkpoint holds in other tensors than itself: codes, scales, zeros. Its rows are outputs, whatever the order
/// in the file.
/// </summary>
internal abstract class CodedMatrix
{
    /// <summary>The name it would have in a plain checkpoint.</summary>
    public required string Name { get; init; }

    /// <summary>The tensors that it is made of.</summary>
    public required IReadOnlyList<string> Tensors { get; init; }

    /// <summary>How it is stored, in words: <c>GPTQ, 4 bits, groups of 128</c>.</summary>
    public required string InWords { get; init; }

    /// <summary>Outputs.</summary>
    public required int Rows { get; init; }

    /// <summary>Inputs.</summary>
    public required int Columns { get; init; }

    /// <summary>
    /// The block format that holds exactly what the file says, so that products can use it as it is; null: there is none.
    /// </summary>
    public virtual BlockType? Blocks => null;

    /// <summary>With <see cref="Blocks"/>: a factor of the whole.</summary>
    public virtual float Scale => 1;

    /// <summary>The narrowest type that holds every value exactly.</summary>
    public virtual DataType Type => DataType.F32;

    /// <summary>A row in <see cref="Blocks"/>; may be called from several threads.</summary>
    public virtual void WriteBlocks(int row, Span<byte> blocks) =>
        throw new NotSupportedException($"{Name} has no blocks that are stored as they are.");

    /// <summary>The values of a row: exact, or rounded once; may be called from several threads.</summary>
    public abstract void ReadRow(int row, Span<float> values);
}
