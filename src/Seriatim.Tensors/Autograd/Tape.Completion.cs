namespace Seriatim.Tensors;

public sealed partial class Tape
{
    /// <summary>How many recorded calls each parameter has whose gradient they will add to.</summary>
    private readonly Dictionary<Parameter, int> _uses = new(ReferenceEqualityComparer.Instance);

    private readonly List<Parameter> _completed = [];
    private OpView? _view;

    /// <summary>Whether parts were recorded whose calls are not known before they run again.</summary>
    private bool _hasParts;

    /// <summary>
    /// Told each trainable parameter when no recorded call will add to its gradient any more, in the middle of
    /// <see cref="Backward(Tensor, float)"/>: its gradient can be sent off while the rest is computed. Null: nobody is told.
    /// </summary>
    /// <remarks>
    /// Told are those that calls declare. Where layers are computed again or backwards (<see cref="RecomputesLayers"/>,
    /// <see cref="InvertsLayers"/>) nobody knows before the end what they use, and nothing is told. Whoever listens takes
    /// what was not told as complete when the backward pass has returned.
    /// </remarks>
    public Action<Parameter>? Completed { get; init; }

    private Parameter[] UsesOf<TOp>(TOp call)
        where TOp : struct, IOp<TOp>
    {
        if (Completed is null)
            return [];
        OpView view = _view ??= new OpView(null);
        call.Show(view);
        Parameter[] used =
        [
            .. view.Weights.SelectMany(weight => weight is LinearWeight linear ? linear.Parameters : [(Parameter)weight])
                .Concat(view.Trained).Where(parameter => parameter.Trainable).Distinct(),
        ];
        view.End();
        foreach (Parameter parameter in used)
            _uses[parameter] = _uses.GetValueOrDefault(parameter) + 1;
        return used;
    }

    /// <summary>A call's backward pass is over, or no gradient came to it.</summary>
    private void Leave(Node node)
    {
        foreach (Parameter parameter in node.Uses)
        {
            if (--_uses[parameter] > 0 || _hasParts)
                continue;
            // A call that adds to it without declaring so would be a wrong gradient somewhere else: it throws instead.
            parameter.IsComplete = Device.IsHere;
            _completed.Add(parameter);
            Completed!(parameter);
        }
    }

    private void Reopen()
    {
        foreach (Parameter parameter in _completed)
            parameter.IsComplete = false;
        _completed.Clear();
    }
}
