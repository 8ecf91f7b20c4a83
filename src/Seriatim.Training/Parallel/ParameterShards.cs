namespace Seriatim.Training;

/// <summary>
/// Who of a group keeps which parameters' optimizer state, and changes them (ZeRO, stage 1; Rajbhandari et al., 2020): whole
/// parameters, in buckets that travel as one message.
/// </summary>
/// <remarks>
/// Neighbours in the model share a bucket up to 4 MiB, or an eighth of a rank's share where that is less; a larger parameter
/// is a bucket of its own. The largest bucket goes to the rank with the least. All ranks come to the same answer. No value
/// depends on it.
/// </remarks>
internal sealed class ParameterShards
{
    private const long LargestBucket = 4 << 20;

    private readonly ProcessGroup _group;

    public ParameterShards(ProcessGroup group, IReadOnlyList<TrainableParameter> parameters)
    {
        (_group, All) = (group, parameters);
        long most = Math.Min(LargestBucket, parameters.Sum(BytesOf) / (8L * group.Size));
        var buckets = new List<List<int>>();
        long open = 0;
        for (int i = 0; i < parameters.Count; i++)
        {
            long bytes = BytesOf(parameters[i]);
            if (group.Size > 1 && bytes > Array.MaxLength)
            {
                throw new RecipeException($"{parameters[i].Parameter} takes {bytes} bytes; a message between ranks can have "
                    + $"{Array.MaxLength}. Train it in one process.");
            }
            if (buckets.Count == 0 || open + bytes > most)
            {
                buckets.Add([]);
                open = 0;
            }

            buckets[^1].Add(i);
            open += bytes;
        }

        Buckets = Shared(buckets);
        int[] owners = new int[parameters.Count];
        foreach (Bucket bucket in Buckets)
        {
            foreach (int i in bucket.Parameters)
                owners[i] = bucket.Owner;
        }

        Owners = owners;
        Own = [.. Buckets.Where(b => b.Owner == group.Rank).SelectMany(b => b.Parameters).Order().Select(i => parameters[i])];
    }

    /// <summary>What is trained, in the order of the model.</summary>
    public IReadOnlyList<TrainableParameter> All { get; }

    /// <summary>The parameters of this rank, in the order of the model.</summary>
    public IReadOnlyList<TrainableParameter> Own { get; }

    /// <summary>The owner of each of <see cref="All"/>.</summary>
    public IReadOnlyList<int> Owners { get; }

    /// <summary>All buckets, in the order of the model.</summary>
    public IReadOnlyList<Bucket> Buckets { get; }

    /// <summary>Parameters that travel together.</summary>
    /// <param name="Index">Number of the bucket.</param>
    /// <param name="Owner">The rank that changes them.</param>
    /// <param name="Parameters">Indices in <see cref="All"/>, ascending.</param>
    /// <param name="Bytes">Of all their values.</param>
    internal sealed record Bucket(int Index, int Owner, int[] Parameters, int Bytes);

    /// <summary>Owners send what they have changed to all others, who take it over.</summary>
    public void Spread(IDifferentiableOps ops)
    {
        if (_group.Size == 1)
            return;
        IncomingMessage?[] messages = [.. Buckets.Select(b => b.Owner == _group.Rank ? null
            : _group.Receive(b.Owner, MessageTags.Values(b.Index), b.Bytes))];
        foreach (Bucket bucket in Buckets.Where(b => b.Owner == _group.Rank))
        {
            byte[] values = BucketBytes.Of(bucket.Parameters.Select(i => All[i].Parameter.Master), bucket.Bytes);
            for (int rank = 0; rank < _group.Size; rank++)
            {
                if (rank != _group.Rank)
                    _group.Send(rank, MessageTags.Values(bucket.Index), values);
            }
        }

        foreach (Bucket bucket in Buckets)
        {
            using IncomingMessage? message = messages[bucket.Index];
            if (message is null)
                continue;
            BucketBytes.Into(message.Wait(), bucket.Parameters.Select(i => All[i].Parameter.Master));
            foreach (int i in bucket.Parameters)
                ops.RoundMaster(All[i].Parameter);
        }
    }

    private Bucket[] Shared(List<List<int>> buckets)
    {
        long[] sizes = [.. buckets.Select(bucket => bucket.Sum(i => BytesOf(All[i])))];
        int[] owners = new int[buckets.Count];
        long[] load = new long[_group.Size];
        // At equal sizes and loads the first one, so that all ranks count alike.
        foreach (int bucket in Enumerable.Range(0, buckets.Count).OrderByDescending(b => sizes[b]).ThenBy(b => b))
        {
            owners[bucket] = Array.IndexOf(load, load.Min());
            load[owners[bucket]] += sizes[bucket];
        }

        int idle = Array.IndexOf(load, 0);
        return idle < 0 ? [.. buckets.Select((bucket, i) => new Bucket(i, owners[i], [.. bucket], (int)sizes[i]))]
            : throw new RecipeException($"The model is too small for {_group.Size} ranks: rank {idle} would own no parameter. "
                + "Start fewer.");
    }

    private static long BytesOf(TrainableParameter parameter) => parameter.Parameter.Master.Bytes;
}
