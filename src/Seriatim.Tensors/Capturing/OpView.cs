namespace Seriatim.Tensors;

/// <summary>
/// A call of an op as a witness sees it: names for all, elements for those it reads. An op fills it in its declaration.
/// </summary>
public sealed class OpView
{
    private readonly CapturingOps? _ops;
    private readonly List<(string Name, Tensor Tensor)> _operands = [];
    private readonly List<Tensor> _results = [];
    private readonly List<object> _weights = [];
    private readonly List<Parameter> _trained = [];

    /// <param name="ops">Who reads for the views of what is shown; null if nobody will.</param>
    internal OpView(CapturingOps? ops) => _ops = ops;

    /// <summary>Name of the op: that of its extension method.</summary>
    public string Name { get; private set; } = "";

    /// <summary>What part of a Transformer it belongs to.</summary>
    public OpPart Part { get; private set; }

    /// <summary>Tensors it works on, by the names of its declaration.</summary>
    public IReadOnlyList<(string Name, Tensor Tensor)> Operands => _operands;

    /// <summary>What it made.</summary>
    public IReadOnlyList<Tensor> Results => _results;

    /// <summary>
    /// Its weights, each a <see cref="LinearWeight"/> or a <see cref="Tensors.Parameter"/>: where it stands in a model. Of
    /// several linear layers of one input, the i-th made the i-th result.
    /// </summary>
    public IReadOnlyList<object> Weights => _weights;

    /// <summary>Parameters beside <see cref="Weights"/> whose gradients the op's backward pass adds to.</summary>
    internal IReadOnlyList<Parameter> Trained => _trained;

    /// <summary>Who sees whom, if the op is an attention; else null.</summary>
    public AttentionView? Attention { get; private set; }

    /// <summary>What it remembers, if the op is a recurrence with a memory; else null.</summary>
    public StateView? States { get; private set; }

    /// <summary>Who goes to which expert, if the op is a router; else null.</summary>
    public RoutingView? Routing { get; private set; }

    /// <summary>Rows of its operand that the op takes, where that is what it does; else empty.</summary>
    public ReadOnlyMemory<int> Taken { get; private set; }

    /// <summary>An operand by its name; null: there is none.</summary>
    public Tensor? Operand(string name)
    {
        foreach ((string own, Tensor tensor) in _operands)
        {
            if (own == name)
                return tensor;
        }

        return null;
    }

    internal OpView Operand(string name, Tensor? tensor)
    {
        if (tensor is not null)
            _operands.Add((name, tensor));
        return this;
    }

    internal OpView Weight(object? weight)
    {
        if (weight is not null)
            _weights.Add(weight);
        return this;
    }

    /// <summary>A parameter that says nothing of the op's place, such as the bias of a norm.</summary>
    internal OpView Trains(Parameter? parameter)
    {
        if (parameter is not null)
            _trained.Add(parameter);
        return this;
    }

    internal void Takes(ReadOnlyMemory<int> rows) => Taken = rows;

    internal void Has(AttentionView attention) => (Attention, attention.Ops) = (attention, _ops!);

    internal void Has(RoutingView routing) => (Routing, routing.Ops) = (routing, _ops!);

    internal void Has(StateView? states)
    {
        States = states;
        states?.Ops = _ops!;
    }

    internal void Begin(string name, OpPart part, ReadOnlySpan<Tensor> results)
    {
        (Name, Part) = (name, part);
        foreach (Tensor result in results)
            _results.Add(result);
    }

    internal void End()
    {
        _operands.Clear();
        _results.Clear();
        _weights.Clear();
        _trained.Clear();
        (Attention, States, Routing, Taken) = (null, null, null, default);
    }
}
