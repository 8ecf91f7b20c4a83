namespace Seriatim.Lab;

/// <summary>A table of raw figures. The first column names the row.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Columns">Heads of the columns, the first one's included.</param>
/// <param name="Rows">Cells as they are printed; as many as there are columns.</param>
/// <param name="Timed">Whether a cell depends on a clock.</param>
internal sealed record LabTable(
    LabText Title, IReadOnlyList<LabText> Columns, IReadOnlyList<IReadOnlyList<string>> Rows, bool Timed)
{
    /// <summary>
    /// Names of the rows in both languages, where they are words; the first cells have them in English. Null: cells are numbers
    /// and names that need no translation.
    /// </summary>
    public IReadOnlyList<LabText>? Names { get; init; }
}
