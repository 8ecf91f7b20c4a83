namespace Seriatim.Models;

/// <summary>Where a parameter lies in a checkpoint.</summary>
/// <param name="Name">Name of the file tensor.</param>
/// <param name="Transposed">The file has <c>[Inputs, Outputs]</c> (Conv1D of GPT-2).</param>
/// <param name="Rows">The rows (outputs) that belong to the parameter; null for all.</param>
public sealed record TensorPlace(string Name, bool Transposed = false, RowPattern? Rows = null)
{
    /// <summary>The row of the file tensor (its column if transposed) of a row of the parameter.</summary>
    public int FileRow(int row) => Rows?.FileRow(row) ?? row;
}
