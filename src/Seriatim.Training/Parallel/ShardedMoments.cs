using System.Runtime.InteropServices;

namespace Seriatim.Training;

/// <summary>
/// The moments of all parameters, which lie with their owners: rank 0 asks for one after the other while it writes a checkpoint,
/// so that it never holds more than one of them beside its own.
/// </summary>
internal sealed class ShardedMoments
{
    private const int NoMore = -1;

    private readonly ProcessGroup _group;
    private readonly Optimizer _optimizer;
    private readonly List<Entry> _entries = [];

    /// <param name="group">The ranks, which make this together.</param>
    /// <param name="shards">Who owns what.</param>
    /// <param name="optimizer">Over the parameters of this rank.</param>
    /// <param name="checkpoint">The checkpoint that was gone on from; null: none.</param>
    /// <param name="average">The average of the weights, if one is kept.</param>
    /// <exception cref="ProcessGroupException">The checkpoint has other moments.</exception>
    public ShardedMoments(ProcessGroup group, ParameterShards shards, Optimizer optimizer, string? checkpoint,
        WeightAverage? average)
    {
        (_group, _optimizer) = (group, optimizer);
        Dictionary<Parameter, int> places = shards.All.Index().ToDictionary(p => p.Item.Parameter, p => p.Index);
        using var own = new MemoryStream();
        using (var writer = new BinaryWriter(own))
        {
            foreach (OptimizerMoment moment in optimizer.Moments)
            {
                writer.Write(places[moment.Parameter]);
                writer.Write(moment.Name);
                writer.Write(moment.Rows);
                writer.Write(moment.Columns);
            }
        }

        foreach ((int owner, byte[] listed) in group.Gather(own.ToArray()).Index())
        {
            using var reader = new BinaryReader(new MemoryStream(listed));
            for (int number = 0; reader.BaseStream.Position < listed.Length; number++)
            {
                int parameter = reader.ReadInt32();
                string name = reader.ReadString();
                _entries.Add(new Entry(parameter, owner, number, name, reader.ReadInt32(), reader.ReadInt32()));
            }
        }

        // Moments of one parameter stay in the order of its optimizer: sorting keeps equal ones as they are.
        _entries = [.. _entries.OrderBy(entry => entry.Parameter)];
        if (checkpoint is not null)
            Check(checkpoint, average?.Values.Count ?? 0);
    }

    /// <summary>Moments of all ranks.</summary>
    public int Count => _entries.Count;

    /// <summary>For rank 0: all moments in the order of one process; each is fetched when it is read.</summary>
    public IReadOnlyList<MomentRows> All => [.. _entries.Select(e => new MomentRows(e.Name, e.Rows, e.Columns, () => Fetch(e)))];

    /// <summary>For rank 0: no more is wanted.</summary>
    public void Release()
    {
        for (int rank = 1; rank < _group.Size; rank++)
            _group.Send(rank, MessageTags.MomentWanted, BitConverter.GetBytes(NoMore));
    }

    /// <summary>For others: gives what rank 0 asks for until it wants no more.</summary>
    public void Serve()
    {
        while (true)
        {
            using IncomingMessage wanted = _group.Receive(0, MessageTags.MomentWanted, sizeof(int));
            int number = BitConverter.ToInt32(wanted.Wait());
            if (number == NoMore)
                return;
            _group.Send(0, MessageTags.Moment, MemoryMarshal.AsBytes<float>(_optimizer.Moments[number].ToRows()));
        }
    }

    /// <summary>All ranks read the same file and know the same number.</summary>
    private void Check(string checkpoint, int averages)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(checkpoint, CheckpointStore.StateFileName));
        try
        {
            CheckpointStore.CheckMoments(file, Count + averages);
        }
        catch (ModelFormatException error)
        {
            throw new ProcessGroupException(error.Message);
        }
    }

    private float[] Fetch(Entry entry)
    {
        if (entry.Owner == _group.Rank)
            return _optimizer.Moments[entry.Number].ToRows();
        _group.Send(entry.Owner, MessageTags.MomentWanted, BitConverter.GetBytes(entry.Number));
        float[] rows = new float[entry.Rows * entry.Columns];
        using IncomingMessage message = _group.Receive(entry.Owner, MessageTags.Moment, rows.Length * sizeof(float));
        message.Wait().CopyTo(MemoryMarshal.AsBytes(rows.AsSpan()));
        return rows;
    }

    private sealed record Entry(int Parameter, int Owner, int Number, string Name, int Rows, int Columns);
}
