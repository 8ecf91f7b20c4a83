namespace Seriatim.Models;

/// <summary>
/// LSTM or GRU: <c>scan(input(x))</c>, where <c>input</c> is one linear layer for all rows and the scan has the recurrent one; in
/// both directions if asked for, side by side.
/// </summary>
internal sealed class RecurrentLayer : Mixer
{
    private static readonly object WholeRows = new();
    private static readonly object TurnedRows = new();
    private static readonly object EncoderEnds = new();

    private readonly MixerSpec.Recurrent _spec;
    private readonly LinearWeight _input, _state;
    private readonly LinearWeight? _inputBack, _stateBack;
    private readonly LinearWeight? _start;
    private readonly int _encoderWidth;
    private readonly MemoryPlace _place;

    /// <param name="weights">The path of this layer.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="width">Features of a row that goes in.</param>
    /// <param name="place">Where it finds its part of a memory.</param>
    public RecurrentLayer(WeightBuilder weights, MixerSpec.Recurrent spec, int width, MemoryPlace place)
    {
        weights = weights.For(OpPart.Attention);
        (_spec, _place, _encoderWidth) = (spec, place, spec.Makes!.Value);
        (_input, _state) = Pair(weights, "input", "state", width);
        if (spec.Bidirectional)
            (_inputBack, _stateBack) = Pair(weights, "input_back", "state_back", width);
        if (spec.Start is not null)
        {
            _start = weights.Linear("start", spec.StateWidth, _encoderWidth, bias: true,
                $"{spec.InWords}, encoder rows of {_encoderWidth}");
        }
    }

    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        using Tensor? begins = Begins(ops, plan);
        using Tensor gates = ops.Linear(x, _input, plan.Groups);
        RecurrenceRows rows = _spec.Bidirectional ? plan.Once(WholeRows, Whole) : plan.States(_place.Kind);
        using Tensor h = ops.GatedScan(_spec.Cell, gates, _state, begins, rows, _place.Layer, plan.Groups);
        if (_inputBack is null)
            return h.Retain();
        int[] turned = plan.Once(TurnedRows, Turned);
        RowGroups? groups = plan.Groups?.Take(turned);
        using Tensor fromEnd = ops.GatherRows(x, turned);
        using Tensor gatesBack = ops.Linear(fromEnd, _inputBack, groups);
        using Tensor back = ops.GatedScan(_spec.Cell, gatesBack, _stateBack!, null, rows, _place.Layer, groups);
        using Tensor inOrder = ops.GatherRows(back, turned);
        return ops.JoinColumns(h, inOrder);
    }

    /// <summary>Weights begin with the deviation of torch's uniform start, and no LSTM begins with forgetting.</summary>
    private (LinearWeight Input, LinearWeight State) Pair(WeightBuilder weights, string input, string state, int width)
    {
        float gain = 1 / MathF.Sqrt(3);
        Initializer start = _spec.Cell == GatedCell.Lstm ? Initializer.ForgetGate : Initializer.Zeros;
        return (weights.Linear(
                input, _spec.GateWidth, width, _spec.Bias, $"{_spec.InWords}, rows of {width}", gain, biasStart: start),
            weights.Linear(state, _spec.GateWidth, _spec.Width, _spec.Bias, _spec.InWords, gain));
    }

    /// <summary>What sequences that begin in this pass begin with; null: with zeros, or none does.</summary>
    private Tensor? Begins(IOps ops, ForwardPlan plan)
    {
        if (_start is null)
            return plan.BeginsOf(_place.Layer)?.Retain();
        Ends ends = plan.Once(EncoderEnds, batch => EndsOf(batch, plan));
        if (ends.Last.Length == 0)
            return null;
        using Tensor source = Read(ops, plan.Encoded!, ends);
        using Tensor made = ops.Linear(source, _start, plan.Groups?.Take(ends.Rows));
        return ops.Activate(made, Activation.Tanh);
    }

    /// <summary>What the encoder made of each source as a whole.</summary>
    private Tensor Read(IOps ops, Tensor encoded, Ends ends)
    {
        if (_spec.Start == EncoderStart.LastRow)
            return ops.GatherRows(encoded, ends.Last);
        int half = _encoderWidth / 2;
        using Tensor last = ops.GatherRows(encoded, ends.Last), first = ops.GatherRows(encoded, ends.First);
        using Tensor forwards = ops.Columns(last, 0, half), backwards = ops.Columns(first, half, _encoderWidth - half);
        return ops.JoinColumns(forwards, backwards);
    }

    /// <summary>Sequences of which nothing is remembered: who reads both ways has all of it.</summary>
    private static RecurrenceRows Whole(RaggedBatch batch) =>
        new([.. batch.Segments.Select(segment => new RecurrenceSegment(segment.FirstRow, segment.Rows, -1, []))], null);

    /// <summary>Each sequence from its end.</summary>
    private static int[] Turned(RaggedBatch batch)
    {
        int[] turned = new int[batch.Rows];
        foreach (Segment segment in batch.Segments)
        {
            for (int row = 0; row < segment.Rows; row++)
                turned[segment.FirstRow + row] = segment.FirstRow + segment.Rows - 1 - row;
        }

        return turned;
    }

    /// <summary>The first and last rows of the encoder's output for sequences that begin now, and their own first rows.</summary>
    private static Ends EndsOf(RaggedBatch batch, ForwardPlan plan)
    {
        (List<int> first, List<int> last, List<int> rows) = ([], [], []);
        for (int i = 0; i < batch.Segments.Count; i++)
        {
            Segment segment = batch.Segments[i];
            if (segment.Past > 0)
                continue;
            if (segment.Encoder is not { } source || plan.Encoded is null || source.FirstRow < 0 || source.Rows < 1
                || source.FirstRow + source.Rows > plan.Encoded.Rows)
            {
                throw new ArgumentException(
                    $"Segment {i} begins here and refers to "
                    + $"{(segment.Encoder is { } r ? $"{r.Rows} rows from {r.FirstRow}" : "no")} rows of the encoder's output, "
                    + $"which has {plan.Encoded?.Rows ?? 0}; a decoder whose first state follows from the encoder needs them.");
            }

            first.Add(source.FirstRow);
            last.Add(source.FirstRow + source.Rows - 1);
            rows.Add(segment.FirstRow);
        }

        return new Ends([.. first], [.. last], [.. rows]);
    }

    private sealed record Ends(int[] First, int[] Last, int[] Rows);
}
