namespace Seriatim.Models;

/// <summary>
/// Which rows of a file tensor make a parameter: row r is <c>First + r / GroupSize · GroupStride + r mod GroupSize</c>. Fused projections
/// are loaded as separate weights this way. For a vector, rows are its elements.
/// </summary>
/// <param name="First">First row.</param>
/// <param name="GroupSize">Rows that follow each other.</param>
/// <param name="GroupStride">Rows from the start of one group to that of the next.</param>
/// <param name="Total">Rows of the whole file tensor.</param>
public sealed record RowPattern(int First, int GroupSize, int GroupStride, int Total)
{
    /// <summary>The file row of a parameter's row.</summary>
    public int FileRow(int row) => First + row / GroupSize * GroupStride + row % GroupSize;

    /// <summary>A run of rows.</summary>
    public static RowPattern Run(int first, int rows, int total) => new(first, rows, rows, total);
}
