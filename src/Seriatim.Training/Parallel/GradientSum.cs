namespace Seriatim.Training;

/// <summary>
/// The gradient of a step: the sum over its batches j = 0, 1, 2, ..., each computed from zero, added up in this order by the
/// owner of each parameter. Rank r computes the batches with <c>j mod P = r</c>; P of them are a round. One process does the
/// same sums, so the bits do not depend on P.
/// </summary>
/// <remarks>
/// A bucket is sent to its owner when the backward pass has said that all its parameters are complete, or at its end. Owners
/// wait for messages of all rounds from the start of each, so they arrive while both compute.
/// </remarks>
internal sealed class GradientSum : IDisposable
{
    private readonly ProcessGroup _group;
    private readonly ParameterShards _shards;
    private readonly int _batches;
    private readonly Dictionary<Parameter, int> _bucketOf = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Parameter, Tensor> _sums = new(ReferenceEqualityComparer.Instance);
    private readonly int[] _missing;
    private readonly IncomingMessage?[,] _messages;

    /// <param name="group">Who computes.</param>
    /// <param name="shards">Who owns what.</param>
    /// <param name="batches">Batches of a step, at least 2.</param>
    public GradientSum(ProcessGroup group, ParameterShards shards, int batches)
    {
        (_group, _shards, _batches) = (group, shards, batches);
        foreach (ParameterShards.Bucket bucket in shards.Buckets)
        {
            foreach (int i in bucket.Parameters)
                _bucketOf.Add(shards.All[i].Parameter, bucket.Index);
        }

        foreach (Parameter own in shards.Own.Select(p => p.Parameter))
            _sums.Add(own, own.Device.Zeros(own.Master.Rows, own.Master.Columns, lasting: true));
        _missing = new int[shards.Buckets.Count];
        _messages = new IncomingMessage?[shards.Buckets.Count, group.Size];
    }

    /// <summary>Bytes it takes beside the gradients of the parameters.</summary>
    public long Bytes => _sums.Values.Sum(sum => sum.Bytes) * Math.Max(1, _group.Size);

    /// <summary>Rounds of a step.</summary>
    public int Rounds => (_batches + _group.Size - 1) / _group.Size;

    /// <summary>Whom a backward pass tells which gradients are complete; null where nobody waits for them.</summary>
    public Action<Parameter>? Completed => _group.Size == 1 ? null : Complete;

    /// <summary>A round begins; gradients are zero.</summary>
    public void Begin(int round)
    {
        foreach (ParameterShards.Bucket bucket in _shards.Buckets)
        {
            _missing[bucket.Index] = bucket.Parameters.Length;
            for (int rank = 0; bucket.Owner == _group.Rank && rank < RanksIn(round); rank++)
            {
                if (rank != _group.Rank)
                    _messages[bucket.Index, rank] = _group.Receive(rank, MessageTags.Gradients(bucket.Index), bucket.Bytes);
            }
        }
    }

    /// <summary>The backward pass of this rank, if it had a batch in the round, is over: sums are gone on with.</summary>
    public void End(IDifferentiableOps ops, int round)
    {
        if (_group.Rank < RanksIn(round))
        {
            foreach (ParameterShards.Bucket bucket in _shards.Buckets.Where(b => _missing[b.Index] > 0))
                Dispatch(bucket);
        }

        foreach (ParameterShards.Bucket bucket in _shards.Buckets.Where(b => b.Owner == _group.Rank))
        {
            for (int rank = 0; rank < RanksIn(round); rank++)
                Add(ops, bucket, rank, isFirst: round == 0 && rank == 0);
        }

        bool isLast = round == Rounds - 1;
        foreach (Parameter parameter in _shards.All.Select(p => p.Parameter))
        {
            if (isLast && _sums.TryGetValue(parameter, out Tensor? sum))
                ops.Swap(sum, parameter.GradientOrZeros());
            else
                parameter.ClearGradient();
        }
    }

    public void Dispose()
    {
        foreach (Tensor sum in _sums.Values)
            sum.Dispose();
        foreach (IncomingMessage? message in _messages)
            message?.Dispose();
    }

    private int RanksIn(int round) => Math.Min(_group.Size, _batches - round * _group.Size);

    private void Complete(Parameter parameter)
    {
        // Frozen parameters are not here, and nobody waits for them.
        if (_bucketOf.TryGetValue(parameter, out int bucket) && --_missing[bucket] == 0)
            Dispatch(_shards.Buckets[bucket]);
        _group.Advance();
    }

    private void Dispatch(ParameterShards.Bucket bucket)
    {
        _missing[bucket.Index] = 0;
        if (bucket.Owner == _group.Rank)
            return;
        byte[] gradients = BucketBytes.OfGradients(Parameters(bucket), bucket.Bytes);
        _group.Send(bucket.Owner, MessageTags.Gradients(bucket.Index), gradients);
    }

    private void Add(IDifferentiableOps ops, ParameterShards.Bucket bucket, int rank, bool isFirst)
    {
        if (rank == _group.Rank)
        {
            foreach (Parameter parameter in Parameters(bucket))
            {
                if (isFirst)
                    ops.Swap(_sums[parameter], parameter.GradientOrZeros());
                else
                    ops.MoveTowards(_sums[parameter], parameter.GradientOrZeros(), 1, 1);
            }

            return;
        }

        using IncomingMessage message = _messages[bucket.Index, rank]!;
        _messages[bucket.Index, rank] = null;
        ReadOnlySpan<byte> bytes = message.Wait();
        if (isFirst)
        {
            BucketBytes.Into(bytes, Parameters(bucket).Select(p => _sums[p]));
            return;
        }

        Tensor[] arrived = [.. Parameters(bucket).Select(p => p.Device.NewTensor(p.Master.Rows, p.Master.Columns))];
        BucketBytes.Into(bytes, arrived);
        foreach ((int i, Parameter parameter) in Parameters(bucket).Index())
        {
            using Tensor gradient = arrived[i];
            ops.MoveTowards(_sums[parameter], gradient, 1, 1);
        }
    }

    private IEnumerable<Parameter> Parameters(ParameterShards.Bucket bucket) =>
        bucket.Parameters.Select(i => _shards.All[i].Parameter);
}
