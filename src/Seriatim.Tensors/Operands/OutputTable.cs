namespace Seriatim.Tensors;

/// <summary>
/// A linear layer from which outputs are selected, again and again: dense ones keep a copy of W row after row for it, because in
/// panels each value of a row comes with those of 31 others. The layer must not change while the table is used.
/// </summary>
public sealed class OutputTable : IDisposable
{
    private readonly LinearWeight _all;
    private readonly Parameter? _rows;

    internal OutputTable(LinearWeight all) => (_all, _rows) = (all, all.CopyRows());

    /// <summary>Bytes of the copy; 0 if there is none.</summary>
    public long Bytes => _rows?.Data.Bytes ?? 0;

    /// <summary>Some outputs, for rows that need no others (<see cref="OpsExtensions.LinearSelected"/>).</summary>
    /// <param name="outputs">Which, rising.</param>
    /// <exception cref="ArgumentException">No output, one that does not exist, or one that does not rise.</exception>
    public OutputSelection Select(ReadOnlySpan<int> outputs) => new(_all, outputs, _rows);

    /// <inheritdoc/>
    public void Dispose() => _rows?.Dispose();
}
