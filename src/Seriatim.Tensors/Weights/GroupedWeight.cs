namespace Seriatim.Tensors;

/// <summary>
/// Any other weight, to whose products rows of a group (<see cref="RowGroups"/>) get something of their own added: adapters that
/// run side by side in one batch. Rows of no group, and of groups this weight has nothing for, have exactly the bits of the other
/// weight; those of a group have the bits they have alone, which are those of <see cref="LinearWeight.WithLowRank"/>.
/// </summary>
/// <remarks>
/// Groups may be added and taken away between products, not while one that has rows of them runs. What a group adds is its own,
/// and disposed when it is taken away, or with the weight.
/// </remarks>
public sealed unsafe class GroupedWeight : LinearWeight
{
    private readonly LinearWeight _inner;
    private readonly Terms _terms;

    internal GroupedWeight(LinearWeight inner)
        : this(inner, new Terms())
    {
    }

    private GroupedWeight(LinearWeight inner, Terms terms)
        : base(inner.Name, inner.Outputs, inner.Inputs, inner.Bias) => (_inner, _terms, Part) = (inner, terms, inner.Part);

    /// <inheritdoc/>
    public override long Bytes => _inner.Bytes + _terms.Of.Values.Sum(term => term.Bytes);

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => _inner.Parameters;

    /// <summary>Adds <c>(s · x Aᵀ) Bᵀ</c> to the products of the rows of a group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="a">A <c>[rank, Inputs]</c> in <see cref="ParameterLayout.Panels"/>; taken over.</param>
    /// <param name="b">B <c>[Outputs, rank]</c> in <see cref="ParameterLayout.Panels"/>; taken over.</param>
    /// <param name="scale">The factor s.</param>
    /// <exception cref="ShapeMismatchException">A or B does not fit.</exception>
    /// <exception cref="ArgumentException">The group has a part here already.</exception>
    public void Add(RowGroup group, Parameter a, Parameter b, float scale)
    {
        var term = new LowRankTerm(this, a, b, scale);
        lock (_terms)
        {
            // Another table each time: a product that runs goes on with the one it has.
            var next = new Dictionary<RowGroup, LowRankTerm>(_terms.Of);
            if (!next.TryAdd(group, term))
                throw new ArgumentException($"{this} has a part for the group {group} already.", nameof(group));
            _terms.Of = next;
        }
    }

    /// <summary>Takes away, and disposes, what was added for a group; nothing if there is nothing.</summary>
    /// <param name="group">The group.</param>
    public void Remove(RowGroup group)
    {
        lock (_terms)
        {
            if (!_terms.Of.TryGetValue(group, out LowRankTerm? term))
                return;
            var next = new Dictionary<RowGroup, LowRankTerm>(_terms.Of);
            next.Remove(group);
            _terms.Of = next;
            term.Dispose();
        }
    }

    /// <summary>Whether any of these groups has a part here.</summary>
    /// <param name="groups">Groups of rows.</param>
    public bool HasAny(RowGroups groups) => groups.Parts.Exists(part => _terms.Of.ContainsKey(part.Group));

    /// <inheritdoc/>
    public override LinearWeight WithBias(Parameter? bias) => new GroupedWeight(_inner.WithBias(bias), _terms);

    /// <summary>A row of the other weight: what rows of no group are multiplied with.</summary>
    public override void ReadRow(int output, Span<float> row) => _inner.ReadRow(output, row);

    /// <summary>Of the other weight: what rows of no group are multiplied with.</summary>
    internal override Parameter? CopyRows() => _inner.CopyRows();

    internal override LinearWeight TakeOutputs(ReadOnlySpan<int> outputs, Parameter? rows) => _inner.TakeOutputs(outputs, rows);

    internal override void Multiply<T>(LinearRows<T> x, int firstOutput, int outputs, float* y, nint yStride)
    {
        _inner.Multiply(x, firstOutput, outputs, y, yStride);
        if (x.Groups is not { } groups)
            return;
        for (int part = 0; part < groups.Parts.Count; part++)
        {
            if (TermOf(groups.Parts[part].Group) is { } term)
                x.Late.Add(term, firstOutput, outputs, y, yStride, part);
        }
    }

    internal override void BackwardInput<T>(LinearRows<T> dy, int firstOutput, float* dx, bool accumulate)
    {
        _inner.BackwardInput(dy, firstOutput, dx, accumulate);
        if (dy.Groups is not { } groups)
            return;
        for (int part = 0; part < groups.Parts.Count; part++)
        {
            if (TermOf(groups.Parts[part].Group) is { } term)
                term.BackwardInput(dy.Late.Of(part, dy), groups.Parts[part].Numbers, firstOutput, dx);
        }
    }

    internal override void BackwardWeight<T>(LinearRows<T> x, LinearRows<T> dy, int firstOutput, ref bool? sets)
    {
        _inner.BackwardWeight(x, dy, firstOutput, ref sets);
        if (x.Groups is not { } groups)
            return;
        for (int part = 0; part < groups.Parts.Count; part++)
        {
            bool? own = null;
            if (TermOf(groups.Parts[part].Group) is { } term)
                term.BackwardWeight(x.Late.Of(part, x), dy.Late.Of(part, dy), firstOutput, ref own);
        }
    }

    internal override float BiasOf(int output) => _inner.BiasOf(output);

    internal override void AddGradient(int output, ReadOnlySpan<double> gradient, double bias) =>
        _inner.AddGradient(output, gradient, bias);

    internal override LowRankTerm? TermOf(RowGroup group, ref int output) => TermOf(group);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _inner.Dispose();
        DisposeGroups();
    }

    /// <summary>Takes all groups away and leaves the other weight as it is.</summary>
    public void DisposeGroups()
    {
        lock (_terms)
        {
            foreach (LowRankTerm term in _terms.Of.Values)
                term.Dispose();
            _terms.Of = [];
        }
    }

    private LowRankTerm? TermOf(RowGroup group) => group.IsEnded
        ? throw new InvalidOperationException($"{this}: the group {group} of some rows was taken away before they were computed.")
        : _terms.Of.GetValueOrDefault(group);

    /// <summary>What groups add; shared by the forms of one weight with other biases.</summary>
    private sealed class Terms
    {
        public volatile Dictionary<RowGroup, LowRankTerm> Of = [];
    }
}
