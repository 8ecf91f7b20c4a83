namespace Seriatim.Training;

/// <summary>What rank 0 does alone and all then know: figures, or that it was stopped or has failed.</summary>
internal static class RankZero
{
    private const byte Done = 0, Stopped = 1, Failed = 2;

    /// <summary>Rank 0 adds figures; the others get them.</summary>
    /// <param name="group">The ranks.</param>
    /// <param name="values">The same before on all ranks, and after.</param>
    /// <param name="add">What rank 0 does.</param>
    /// <exception cref="OperationCanceledException">Rank 0 was stopped.</exception>
    /// <exception cref="EvaluationException">Rank 0 has failed.</exception>
    public static void Share(ProcessGroup group, SortedDictionary<string, double> values, Action add)
    {
        using var told = new MemoryStream();
        Exception? failure = null;
        if (group.IsFirst)
            failure = Try(values, add, told);
        using var reader = new BinaryReader(new MemoryStream(group.Broadcast(told.ToArray())));
        byte state = reader.ReadByte();
        if (state == Stopped)
            throw new OperationCanceledException();
        if (state == Failed)
            throw new EvaluationException(reader.ReadString(), failure);
        for (int left = reader.ReadInt32(); left > 0; left--)
            values[reader.ReadString()] = reader.ReadDouble();
    }

    private static Exception? Try(SortedDictionary<string, double> values, Action add, MemoryStream told)
    {
        using var writer = new BinaryWriter(told, System.Text.Encoding.UTF8, leaveOpen: true);
        try
        {
            add();
        }
        catch (OperationCanceledException)
        {
            writer.Write(Stopped);
            return null;
        }
        catch (Exception error)
        {
            writer.Write(Failed);
            writer.Write(error.Message);
            return error;
        }

        writer.Write(Done);
        writer.Write(values.Count);
        foreach ((string name, double value) in values)
        {
            writer.Write(name);
            writer.Write(value);
        }

        return null;
    }
}
