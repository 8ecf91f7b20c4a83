namespace Seriatim.Models;

/// <summary>
/// The adapters of a model: by name what is added to its weights for the rows of sequences under this name
/// (<see cref="SequenceTerms.Adapter"/>). A pass with such rows holds the adapters while it asks for its products; one without
/// knows nothing of them.
/// </summary>
internal sealed class ModelAdapters(Device device, IReadOnlyDictionary<string, GroupedWeight> weights) : IDisposable
{
    private readonly SortedDictionary<string, RowGroup> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _fingerprints = new(StringComparer.Ordinal);
    private readonly HashSet<string> _removed = new(StringComparer.Ordinal);
    private readonly ReaderWriterLockSlim _lock = new();

    /// <summary>Names of the adapters that are there.</summary>
    public string[] Names
    {
        get
        {
            using Holding held = Hold(areWanted: true);
            return [.. _groups.Keys];
        }
    }

    /// <exception cref="ArgumentException">The name is taken, was taken, or the factors fit no weight.</exception>
    public void Add(string name, IReadOnlyDictionary<string, LowRankFactors> factors)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        RequireSome(name, factors);
        Add(name, factors, ModelFingerprint.Of(factors));
    }

    /// <summary>Refuses an adapter that adds nothing.</summary>
    public static void RequireSome(string name, IReadOnlyDictionary<string, LowRankFactors> factors)
    {
        if (factors.Count == 0)
            throw new ArgumentException($"The adapter {name} adds nothing to any weight.", nameof(factors));
    }

    /// <summary>As above, of which others may have the rest.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="factors">What it adds here.</param>
    /// <param name="fingerprint">That of all of it.</param>
    public void Add(string name, IReadOnlyDictionary<string, LowRankFactors> factors, string fingerprint)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        foreach ((string path, LowRankFactors own) in factors)
        {
            Check(name, path, own, weights.TryGetValue(path, out GroupedWeight? weight)
                ? new LinearShape(weight.Outputs, weight.Inputs) : null);
        }

        _lock.EnterWriteLock();
        var group = new RowGroup(name);
        var added = new List<GroupedWeight>();
        try
        {
            if (_groups.ContainsKey(name))
                throw new ArgumentException($"The model has an adapter {name} already.", nameof(name));
            if (_removed.Contains(name))
            {
                throw new ArgumentException(
                    $"The model had an adapter {name}; what was computed with it is still known by this name. Use another one, " +
                    $"e.g. {name}-2.", nameof(name));
            }

            foreach ((string path, LowRankFactors own) in factors)
            {
                GroupedWeight weight = weights[path];
                added.Add(weight);
                Add(weight, group, own);
            }

            _groups.Add(name, group);
            _fingerprints.Add(name, fingerprint);
        }
        catch
        {
            added.ForEach(weight => weight.Remove(group));
            throw;
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    /// <summary>Takes an adapter away once no pass runs with it; false if there is none of that name.</summary>
    public bool Remove(string name)
    {
        _lock.EnterWriteLock();
        try
        {
            if (!_groups.Remove(name, out RowGroup? group))
                return false;
            device.Synchronize(); // products that were asked for have read what is now given back
            _removed.Add(name);
            _fingerprints.Remove(name);
            group.End();
            foreach (GroupedWeight weight in weights.Values)
                weight.Remove(group);
            return true;
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    /// <summary>What tells the adapter from others, whatever their names.</summary>
    /// <exception cref="SequenceTermsException">There is no adapter of that name.</exception>
    public string FingerprintOf(string name)
    {
        using Holding held = Hold(areWanted: true);
        GroupOf(name);
        return _fingerprints[name];
    }

    /// <exception cref="SequenceTermsException">There is no adapter of that name.</exception>
    public void Require(string name)
    {
        using Holding held = Hold(areWanted: true);
        GroupOf(name);
    }

    /// <summary>Whether any sequence of a batch wants an adapter.</summary>
    public static bool AreWanted(RaggedBatch batch)
    {
        for (int i = 0; i < batch.Segments.Count; i++)
        {
            if (batch.Segments[i].Terms.Adapter is not null)
                return true;
        }

        return false;
    }

    /// <summary>Keeps all adapters where they are until it is disposed, if they are wanted.</summary>
    public Holding Hold(bool areWanted)
    {
        if (areWanted)
            _lock.EnterReadLock();
        return new Holding(areWanted ? _lock : null);
    }

    /// <summary>The groups of the rows of a batch; they are held.</summary>
    /// <exception cref="SequenceTermsException">There is no adapter of a name.</exception>
    public RowGroups? GroupsOf(RaggedBatch batch)
    {
        var groups = new RowGroup?[batch.Rows];
        foreach (Segment segment in batch.Segments)
        {
            if (segment.Terms.Adapter is { } name)
                groups.AsSpan(segment.FirstRow, segment.Rows).Fill(GroupOf(name));
        }

        return RowGroups.Of(groups);
    }

    /// <summary>The groups of the encoder's rows that a batch refers to; they are held.</summary>
    /// <exception cref="SequenceTermsException">There is no adapter of a name.</exception>
    public RowGroups? GroupsOfEncoder(RaggedBatch batch, int rows)
    {
        var groups = new RowGroup?[rows];
        foreach (Segment segment in batch.Segments)
        {
            // Rows that are not there are refused by the layers that read them.
            if (segment is { Terms.Adapter: { } name, Encoder: { FirstRow: >= 0 } own } && own.FirstRow + own.Rows <= rows)
                groups.AsSpan(own.FirstRow, own.Rows).Fill(GroupOf(name));
        }

        return RowGroups.Of(groups);
    }

    public void Dispose()
    {
        foreach (GroupedWeight weight in weights.Values)
            weight.DisposeGroups();
        _lock.Dispose();
    }

    private void Add(GroupedWeight weight, RowGroup group, LowRankFactors factors)
    {
        Parameter? a = null, b = null;
        try
        {
            a = Matrix(weight, "A", factors.A.Span, factors.Rank, weight.Inputs);
            b = Matrix(weight, "B", factors.B.Span, weight.Outputs, factors.Rank);
            weight.Add(group, a, b, factors.Scale);
        }
        catch
        {
            a?.Dispose();
            b?.Dispose();
            throw;
        }
    }

    private Parameter Matrix(GroupedWeight weight, string name, ReadOnlySpan<float> values, int rows, int columns)
    {
        Parameter matrix = device.NewParameter($"{weight.Name}.{name}", rows, columns, ParameterLayout.Panels);
        matrix.Trainable = false;
        for (int row = 0; row < rows; row++)
            matrix.WriteRow(row, values.Slice(row * columns, columns));
        return matrix;
    }

    /// <summary>Refuses what does not fit the weight of a path.</summary>
    /// <param name="name">Name of the adapter.</param>
    /// <param name="path">The path.</param>
    /// <param name="own">What is to be added there.</param>
    /// <param name="shape">The weight's shape; null: there is none.</param>
    /// <exception cref="ArgumentException">It does not fit.</exception>
    public static void Check(string name, string path, LowRankFactors own, LinearShape? shape)
    {
        if (shape is not { } weight)
            throw new ArgumentException($"The adapter {name} adds to {path}; the model has no linear weight there.");
        if (own.Rank < 1)
            throw new ArgumentException($"The adapter {name} adds a product of rank {own.Rank} to {path}; 1 or more is needed.");
        Check(name, path, "A", own.A.Length, own.Rank, weight.Inputs);
        Check(name, path, "B", own.B.Length, weight.Outputs, own.Rank);
        if (!float.IsFinite(own.Scale))
            throw new ArgumentException($"The adapter {name} scales what it adds to {path} by {own.Scale}.");
    }

    private static void Check(string name, string path, string matrix, int length, int rows, int columns)
    {
        if (length != (long)rows * columns)
        {
            throw new ArgumentException(
                $"{matrix} of the adapter {name} for {path} has {length} values; [{rows}, {columns}] is needed.");
        }
    }

    private RowGroup GroupOf(string name) => _groups.TryGetValue(name, out RowGroup? group) ? group
        : throw new SequenceTermsException("Adapter", name, _groups.Count == 0
            ? "the model has none"
            : $"the model has {string.Join(", ", _groups.Keys)}");

    /// <summary>Ends the holding when it is disposed.</summary>
    public readonly struct Holding(ReaderWriterLockSlim? held) : IDisposable
    {
        public void Dispose() => held?.ExitReadLock();
    }
}
