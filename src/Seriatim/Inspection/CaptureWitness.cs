using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Inspection;

/// <summary>
/// Keeps what a filter asks for. Where a call stands in the model follows from its weights (each has a path) and from the stream:
/// what is added to it, or normed from it, belongs to it. So nothing in a model names what it computes.
/// </summary>
internal sealed class CaptureWitness(Model model, CaptureFilter filter, IOps plain) : IOpWitness
{
    private static readonly (string Name, CaptureKinds Kind)[] Operands =
        [("q", CaptureKinds.Query), ("k", CaptureKinds.Key), ("v", CaptureKinds.Value)];

    private readonly HashSet<Tensor> _stream = new(ReferenceEqualityComparer.Instance);
    private readonly List<CapturedRow> _rows = [];
    private readonly List<CapturedAttention> _attention = [];
    private readonly List<CapturedExperts> _experts = [];
    private readonly List<CapturedLens> _lens = [];
    private StackSide _side;
    private int _past, _count, _width, _layer, _layers, _round;
    private long _bytes;
    private bool _inLayer, _wanted;
    private string _branch = "";
    private ReadOnlyMemory<int> _taken;

    /// <summary>What the witness reads through.</summary>
    public CapturingOps Ops { get; set; } = null!;

    /// <summary>A pass of a stack begins.</summary>
    /// <param name="side">The stack.</param>
    /// <param name="past">Positions that are remembered.</param>
    /// <param name="rows">Positions that are read.</param>
    public void Begin(StackSide side, int past, int rows)
    {
        (_side, _past, _count, _width, _layer, _inLayer) = (side, past, rows, 0, -1, false);
        _wanted = filter.WantsLayer(side, -1);
    }

    /// <summary>Whether all that is wanted has been seen: what the rest of the pass computes is for nobody.</summary>
    public bool HasEnough { get; private set; }

    public void LayerBegins(Tensor x)
    {
        long before = Ops.BytesRead;
        Begins(x);
        _bytes += Ops.BytesRead - before;
    }

    private void Begins(Tensor x)
    {
        (_layer, _width, _inLayer, _branch, _round, _taken) = (_layer + 1, x.Rows, true, "", 0, default);
        _layers++;
        _wanted = filter.WantsLayer(_side, _layer);
        _stream.Clear();
        _stream.Add(x);
        if (_layer == 0)
        {
            if (filter.WantsLayer(_side, -1))
                Lens(x, -1);
        }

        if (_wanted)
            Stream(x, "before");
    }

    public void LayerEnds(Tensor y)
    {
        _inLayer = false;
        _stream.Clear();
        HasEnough |= filter.EndsWith(_side, _layer);
        if (!_wanted)
            return;
        long before = Ops.BytesRead;
        Stream(y, "after");
        Lens(y, _layer);
        _bytes += Ops.BytesRead - before;
    }

    public void Called(OpView call)
    {
        long before = Ops.BytesRead;
        See(call);
        _bytes += Ops.BytesRead - before;
    }

    private void See(OpView call)
    {
        if (!_inLayer)
        {
            if (_layer < 0 && _wanted && call.Name == "Embed")
                Embedded(call);
            return;
        }

        string? path = PathOf(call);
        if (path is not null && call.Name is not ("Norm" or "BatchNorm"))
            (_branch, _round) = path == _branch ? (_branch, _round) : (path, 0);
        if (call.Name == "GatherRows")
            _taken = call.Taken;
        Follow(call, path);
        if (!_wanted)
            return;
        if (call.Attention is { } attention)
            Attended(call, attention);
        else if (call.States is not null
            || call.Name is "GatedScan" or "LinearRecurrence" or "SelectiveScan" or "GatedRecurrence")
        {
            Recurred(call);
        }

        if (call.Routing is { } routing)
            Routed(call, routing);
    }

    /// <summary>What was seen, after all passes.</summary>
    public Capture End() => new()
    {
        Rows = _rows,
        Attention = _attention,
        Experts = _experts,
        Lens = _lens,
        BytesRead = _bytes,
        LayersRun = _layers,
    };

    /// <summary>Keeps a tensor of all rows, or of those wanted, that is no part of a layer.</summary>
    public void Keep(CaptureKinds kind, Tensor tensor, int layer, string part, IReadOnlyList<int> positions, int offset)
    {
        for (int i = 0; i < positions.Count; i++)
        {
            _rows.Add(new CapturedRow(new CapturePlace(_side, layer, part), kind, positions[i], null,
                Ops.Read(tensor, positions[i] - offset)));
            _bytes += tensor.Columns * (long)sizeof(float);
        }
    }

    /// <summary>Whether the stack's layer is asked for.</summary>
    public bool Wants(CaptureKinds kind, int layer) => filter.Has(kind) && filter.WantsLayer(_side, layer);

    /// <summary>The stream goes on with what is added to it, what is normed of it, and its halves.</summary>
    private void Follow(OpView call, string? path)
    {
        Tensor? from = call.Name switch
        {
            "Add" => call.Operand("a"),
            "Norm" or "BatchNorm" or "Columns" or "ScaleColumns" => call.Operand("x"),
            _ => null,
        };
        if (from is null || !_stream.Contains(from))
            return;
        Tensor made = call.Results[0];
        _stream.Add(made);
        if (!_wanted)
            return;
        if (call.Name == "Add")
        {
            Rows(CaptureKinds.Added, call.Operand("b")!, _branch);
            Stream(made, _branch);
        }
        else if (call.Name == "ScaleColumns")
        {
            Stream(made, path ?? "factor");
        }
        else if (call.Name != "Columns")
        {
            Rows(CaptureKinds.Norm, made, path ?? "norm");
        }
    }

    private void Stream(Tensor x, string part) => Rows(CaptureKinds.Residual, x, part);

    private void Embedded(OpView call)
    {
        if (_width == 0)
            _width = call.Results[0].Rows;
        string part = PathOf(call) ?? "positions";
        if (filter.Has(CaptureKinds.Embedding))
            EachRow(call.Results[0], (position, row) => Add(CaptureKinds.Embedding, part, position, null,
                Ops.Read(call.Results[0], row)));
    }

    private void Rows(CaptureKinds kind, Tensor tensor, string part)
    {
        if (filter.Has(kind))
            EachRow(tensor, (position, row) => Add(kind, part, position, null, Ops.Read(tensor, row)));
        if (kind is CaptureKinds.Residual or CaptureKinds.Added && filter.Has(CaptureKinds.Lengths))
        {
            EachRow(tensor, (position, row) => Add(CaptureKinds.Lengths, kind == CaptureKinds.Added ? $"+{part}" : part, position,
                null, [Length(tensor, row)]));
        }
    }

    private float Length(Tensor tensor, int row) => Ops.Reduce(tensor, row, static values =>
    {
        double sum = 0;
        foreach (float value in values)
            sum += (double)value * value;
        return (float)Math.Sqrt(sum);
    });

    private void Attended(OpView call, AttentionView view)
    {
        CaptureKinds kind = _branch == "cross" ? CaptureKinds.CrossAttention : CaptureKinds.Attention;
        int round = _round++;
        int leading = Math.Max(0, _width - _past - _count); // rows before the text
        foreach ((int position, int row) in Positions(view.Queries))
        {
            foreach (int head in filter.WantedHeads(view.Heads))
            {
                int first = head * view.HeadDim;
                if (filter.Has(CaptureKinds.Query))
                    Add(CaptureKinds.Query, _branch, position, head, Ops.Read(call.Operand("q")!, row, first, view.HeadDim));
                if (filter.Has(CaptureKinds.Mixed))
                    Add(CaptureKinds.Mixed, _branch, position, head, Ops.Read(call.Results[0], row, first, view.HeadDim));
                if (!filter.Has(kind))
                    continue;
                AttentionRow seen = view.Row(row, head);
                if (seen.Keys.Length == 0)
                    continue;
                int[] keys = leading == 0 || kind == CaptureKinds.CrossAttention ? seen.Keys
                    : Array.ConvertAll(seen.Keys, key => key - leading);
                _attention.Add(new CapturedAttention(Here(_branch), round, position, head, keys, seen.Weights));
            }

            if (kind == CaptureKinds.CrossAttention || view.KeysOf(row) != _past + _count + leading)
                continue;
            foreach (int head in filter.WantedHeads(view.KeyHeads))
            {
                if (filter.Has(CaptureKinds.Key))
                    Add(CaptureKinds.Key, _branch, position, head, view.Key(row, position + leading, head));
                if (filter.Has(CaptureKinds.Value))
                    Add(CaptureKinds.Value, _branch, position, head, view.Value(row, position + leading, head));
            }
        }
    }

    private void Recurred(OpView call)
    {
        foreach ((int position, int row) in Positions(call.Results[0].Rows))
        {
            foreach ((string name, CaptureKinds kind) in Operands)
            {
                if (filter.Has(kind) && call.Operand(name) is { } operand)
                    Add(kind, _branch, position, null, Ops.Read(operand, row));
            }

            if (filter.Has(CaptureKinds.Mixed) && call.Name != "CausalConvolution")
                Add(CaptureKinds.Mixed, _branch, position, null, Ops.Read(call.Results[0], row));
            if (filter.Has(CaptureKinds.State) && call.States?.After(row) is { } state)
            {
                string part = call.Name == "CausalConvolution" ? "convolution" : "state";
                Add(CaptureKinds.State, $"{_branch}.{part}", position, null, state);
            }
        }
    }

    private void Routed(OpView call, RoutingView routing)
    {
        if (!filter.Has(CaptureKinds.Experts))
            return;
        Tensor scores = call.Operand("scores")!;
        EachRow(scores, (position, row) =>
        {
            (int[] experts, float[] weights) = routing.Of(row, call.Results[0]);
            _experts.Add(new CapturedExperts(Here(_branch), position, experts, weights, Ops.Read(scores, row)));
        });
    }

    /// <summary>A pass of the head over wanted rows of the stream, by the ops that nobody watches.</summary>
    private void Lens(Tensor x, int layer)
    {
        StackSpec last = model.Spec.Last;
        if (!filter.Has(CaptureKinds.Lens) || model.Spec.Head.IsMissing
            || (_side == StackSide.Encoder && model.Spec.Decoder is not null)
            || x.Columns != (last.HasHalves ? 2 * last.Width : last.Width))
        {
            return;
        }

        (int Position, int Row)[] wanted = [.. Positions(x.Rows)];
        if (wanted.Length == 0)
            return;
        using Tensor taken = plain.GatherRows(x, Array.ConvertAll(wanted, one => one.Row));
        using Tensor hidden = model.Finish(plain, taken);
        using Tensor logits = model.Project(plain, hidden);
        for (int i = 0; i < wanted.Length; i++)
        {
            _lens.Add(new CapturedLens(new CapturePlace(_side, layer, "lens"), wanted[i].Position,
                ScoredToken.Best(Ops.Read(logits, i), filter.LensTop)));
        }
    }

    private void EachRow(Tensor tensor, Action<int, int> with)
    {
        foreach ((int position, int row) in Positions(tensor.Rows))
            with(position, row);
    }

    /// <summary>
    /// Wanted positions and their rows. A pass may have more rows than were asked of it (what is read again, a row before the
    /// source); those asked of it come last. Rows that were gathered have the positions they come from.
    /// </summary>
    private IEnumerable<(int Position, int Row)> Positions(int rows)
    {
        int offset = _past + _count - _width;
        if (rows == _width)
        {
            foreach (int position in filter.WantedRows(_past, _count))
                yield return (position, position - offset);
        }
        else if (rows == _taken.Length)
        {
            for (int i = 0; i < rows; i++)
            {
                int position = _taken.Span[i] + offset;
                if (position >= _past && (filter.Rows is null || filter.Rows.Contains(position)))
                    yield return (position, i);
            }
        }
    }

    private void Add(CaptureKinds kind, string part, int position, int? head, float[] values) =>
        _rows.Add(new CapturedRow(Here(part), kind, position, head, values));

    private CapturePlace Here(string part) => new(_side, _layer, part);

    /// <summary>The part of a layer that the weights of a call belong to; before the layers the name of the table.</summary>
    private string? PathOf(OpView call)
    {
        foreach (object weight in call.Weights)
        {
            if (model.PathOf(weight) is not { } path)
                continue;
            string[] parts = path.Split('.');
            int layers = Array.IndexOf(parts, "layers");
            return layers >= 0 && layers + 2 < parts.Length ? parts[layers + 2] : parts[^1];
        }

        return null;
    }
}
