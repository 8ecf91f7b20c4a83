namespace Seriatim.Training;

/// <summary>Batches without end, epoch after epoch. The position is all that has to be saved.</summary>
/// <param name="drawer">Gives the examples of each epoch.</param>
/// <param name="packing">Puts them together.</param>
/// <param name="rows">Number of rows an example takes.</param>
/// <param name="seed">Seed of the order of batches.</param>
public sealed class BatchLoader(ExampleDrawer drawer, BatchPacking packing, Func<ExamplePiece, int> rows, ulong seed)
{
    private IReadOnlyList<ExamplePiece[]> _batches = [];
    private long _loaded = -1;

    /// <summary>The next batch to be given; set to go on from a checkpoint.</summary>
    public DataPosition Position { get; set; }

    /// <summary>Epochs done, with the part of the current one.</summary>
    public double Epochs => Position.Epoch + (_loaded == Position.Epoch ? (double)Position.Batch / _batches.Count : 0);

    /// <summary>The number of batches in some epochs, counted exactly: their data are drawn and packed as they will be.</summary>
    /// <param name="epochs">Epochs; of the last the part that is asked for, rounded up to a batch.</param>
    public long BatchesIn(double epochs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epochs);
        long batches = 0;
        for (long epoch = 0; epoch < epochs; epoch++)
            batches += (long)Math.Ceiling(Batches(epoch).Count * Math.Min(1, epochs - epoch));
        return batches;
    }

    /// <summary>Gives the next batch.</summary>
    /// <exception cref="DataException">The position is not one of these data.</exception>
    public ExamplePiece[] Next()
    {
        Load();
        if (Position.Batch >= _batches.Count)
        {
            throw new DataException($"Batch {Position.Batch} of epoch {Position.Epoch} does not exist; the epoch has "
                + $"{_batches.Count}. The data have changed.");
        }
        ExamplePiece[] batch = _batches[Position.Batch];
        Position = Position.Batch + 1 < _batches.Count
            ? Position with { Batch = Position.Batch + 1 }
            : new DataPosition(Position.Epoch + 1, 0);
        return batch;
    }

    private void Load()
    {
        if (_loaded == Position.Epoch)
            return;
        _batches = Batches(Position.Epoch);
        _loaded = Position.Epoch;
    }

    private IReadOnlyList<ExamplePiece[]> Batches(long epoch) =>
        packing.Pack(drawer.Epoch(epoch), rows, new CounterRandom(seed ^ 0x6261746368, (ulong)epoch));
}
