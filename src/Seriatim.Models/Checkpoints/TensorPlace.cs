namespace Seriatim.Models;

/// <summary>Where a parameter lies in a checkpoint.</summary>
/// <param name="Name">Name of the file tensor.</param>
/// <param name="Transposed">The file has <c>[Inputs, Outputs]</c> (Conv1D of GPT-2).</param>
/// <param name="Rows">The rows (outputs) that belong to the parameter, within its slice if there are some; null for all.</param>
/// <param name="TurnedHead">
/// If above 0, the features of a head: its rows j and j + D/2 stand side by side in the file, as llama-family GGUF files hold
/// queries and keys for the rotation of neighbours. Loading puts them back, so that all models turn halves.
/// </param>
/// <param name="Slices">
/// If above 0, the file tensor has so many matrices (or vectors), one for each expert; the last number of the path picks one.
/// </param>
/// <param name="SliceRows">Rows of each of them.</param>
/// <param name="Form">How the file writes values; null: as they are.</param>
public sealed record TensorPlace(
    string Name, bool Transposed = false, RowPattern? Rows = null, int TurnedHead = 0, int Slices = 0, int SliceRows = 0,
    ValueForm? Form = null)
{
    /// <summary>
    /// The shape of the file tensor where it has more axes than the parameter, all others 1; null: it has not. Leading ones may
    /// be left out in formats that do not tell such shapes apart.
    /// </summary>
    public IReadOnlyList<long>? Shape { get; init; }

    /// <summary>
    /// Of transposed slices: rows that each has in the file, if the parameter has only the first ones of them as its columns; 0:
    /// it
    /// has all.
    /// </summary>
    public int SliceInputs { get; init; }

    /// <summary>
    /// The heads among the parameter's rows (elements of a vector) stand in the file in another order; null: in the same.
    /// </summary>
    public HeadTiles? RowTiles { get; init; }

    /// <summary>The same for its columns.</summary>
    public HeadTiles? ColumnTiles { get; init; }

    /// <summary>
    /// If above 0, the vector lies in so many tensors, one after another (StableLM: a norm of each head); their numbers stand in
    /// the name in place of <c>#</c>.
    /// </summary>
    internal int Pieces { get; init; }

    /// <summary>
    /// The first rows of the parameter that files which are written leave out: nobody reads them (positions of RoBERTa before its
    /// first).
    /// </summary>
    internal int SkippedRows { get; init; }

    /// <summary>Whether a file may lack it: it is zero then (buffers of the reference that not all files have).</summary>
    internal bool IsOptional { get; init; }

    /// <summary>The name of one of the <see cref="Pieces"/>.</summary>
    /// <param name="number">Which.</param>
    internal string PieceName(int number) =>
        Name.Replace("#", number.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);

    /// <summary>The place of one of the slices.</summary>
    /// <param name="number">Which.</param>
    public TensorPlace OfSlice(int number)
    {
        RowPattern within = Rows ?? RowPattern.Run(0, SliceRows, SliceRows);
        return this with { Rows = within with { First = number * SliceRows + within.First, Total = Slices * SliceRows } };
    }

    /// <summary>The shape of the file tensor.</summary>
    /// <param name="rows">Rows of the parameter, or elements of a vector.</param>
    /// <param name="columns">Columns of a row; null: it is a vector.</param>
    public long[] FileShape(int rows, int? columns)
    {
        if (Shape is not null)
            return [.. Shape];
        long[] outputs = Slices > 0 ? [Slices, SliceRows] : [Rows?.Total ?? rows];
        if (columns is not { } inputs)
            return outputs;
        return Transposed ? [.. outputs[..^1], inputs, outputs[^1]] : [.. outputs, inputs];
    }

    /// <summary>Where an element of the parameter lies in the file tensor, in elements.</summary>
    /// <param name="row">Its row.</param>
    /// <param name="column">Its column.</param>
    /// <param name="columns">Columns of the parameter.</param>
    /// <param name="fileRows">Rows of the whole file tensor.</param>
    internal long Offset(int row, int column, int columns, int fileRows)
    {
        int fileRow = FileRow(row);
        if (!Transposed)
            return (long)fileRow * columns + column;
        int outputs = Slices > 0 ? SliceRows : fileRows;
        (int slice, int within) = int.DivRem(fileRow, outputs);
        return ((long)slice * Math.Max(columns, SliceInputs) + column) * outputs + within;
    }

    /// <summary>The row of the file tensor (its column if transposed) of a row of the parameter.</summary>
    public int FileRow(int row)
    {
        row = RowTiles?.Of(row) ?? row;
        int fileRow = Rows?.FileRow(row) ?? row;
        if (TurnedHead == 0)
            return fileRow;
        (int head, int feature) = int.DivRem(fileRow, TurnedHead);
        (int half, int wave) = int.DivRem(feature, TurnedHead / 2);
        return head * TurnedHead + 2 * wave + half;
    }
}
