using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Inspection;

/// <summary>Passes of a model over one text with one or several looking on, each for what he wants.</summary>
internal sealed class CapturePass
{
    private readonly Model _model;
    private readonly CaptureFilter[] _filters;
    private readonly CaptureWitness[] _witnesses;
    private readonly Onlookers _onlookers;
    private readonly CapturingOps _ops;

    /// <param name="model">The model.</param>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="plain">The device: for what is computed beside the pass.</param>
    /// <param name="filters">What is wanted.</param>
    public CapturePass(Model model, IOps ops, IOps plain, params CaptureFilter[] filters)
    {
        (_model, _filters) = (model, filters);
        _witnesses = [.. filters.Select(filter => new CaptureWitness(model, filter, plain))];
        _onlookers = new Onlookers(_witnesses);
        _ops = new CapturingOps(ops, _onlookers);
        foreach (CaptureWitness witness in _witnesses)
            witness.Ops = _ops;
    }

    private static StackSide SideOf(Model model) => model.Spec.Decoder is null ? StackSide.Encoder : StackSide.Decoder;

    /// <summary>The whole of a text, and of its source if the model has an encoder and a decoder.</summary>
    /// <returns>What each saw, in their order.</returns>
    public Capture[] Whole(int[] ids, int[] source, int[] types)
    {
        bool inPieces = _model.BytesPerState > 0 && _filters.Any(filter => filter.Has(CaptureKinds.State));
        _onlookers.MayLeave = !inPieces; // the memory of a piece has to be whole, for the next one
        try
        {
            using Tensor? encoded = source.Length == 0 ? null : Encode(source);
            if (inPieces)
                Pieces(ids, encoded, source.Length);
            else
                Once(ids, encoded, source.Length, types);
        }
        catch (SeenEnoughException)
        {
            // Nobody wants what would have come.
        }

        return End();
    }

    private void Once(int[] ids, Tensor? encoded, int source, int[] types)
    {
        var builder = new RaggedBatchBuilder();
        EncoderRows? rows = encoded is null ? null : new EncoderRows(0, source);
        if (_model.Spec.Last.Visibility != Visibility.Full)
            builder.Add(ids, outputs: Outputs.All, encoder: rows);
        else if (rows is { } target)
            builder.AddTarget(ids, target);
        else
            builder.AddEncoder(ids, types);
        Forward(builder.Build(), encoded, 0, ids.Length);
    }

    /// <summary>One step of a sequence: rows after what its memory holds. The memory is written and not committed.</summary>
    public Capture[] Step(int[] ids, int[] source, SequenceMemory memory)
    {
        using Tensor? encoded = memory.NeedsEncoder ? Encode(source) : null;
        Step(ids, encoded, source.Length, memory, CommitPoints.End);
        return End();
    }

    /// <summary>
    /// In pieces that end at the rows whose states are wanted: the last state of a step is kept, whatever its length, and rows do
    /// not depend on how a text was cut.
    /// </summary>
    private void Pieces(int[] ids, Tensor? encoded, int source)
    {
        using MemoryPools pools = _model.NewMemoryPools(
            16, (ids.Length + 15) / 16 + 1, states: 4, crossPages: (source + 15) / 16 + 1);
        using SequenceMemory memory = _model.NewMemory(pools);
        int[] ends = [.. _filters.SelectMany(filter => filter.WantedRows(0, ids.Length)).Select(row => row + 1).Append(ids.Length)
            .Distinct().Order()];
        int past = 0;
        foreach (int end in ends)
        {
            Step(ids[past..end], memory.NeedsEncoder ? encoded : null, source, memory, CommitPoints.End);
            memory.Commit(end - past);
            past = end;
        }
    }

    private void Step(int[] ids, Tensor? encoded, int source, SequenceMemory memory, CommitPoints points)
    {
        int past = memory.Length;
        RaggedBatch batch = new RaggedBatchBuilder().Add(ids, memory, outputs: Outputs.All,
            encoder: encoded is null ? null : new EncoderRows(0, source), points: points).Build();
        Forward(batch, encoded, past, ids.Length);
    }

    private Tensor Encode(int[] source)
    {
        foreach (CaptureWitness witness in _witnesses)
            witness.Begin(StackSide.Encoder, 0, source.Length);
        Tensor encoded = _model.Encode(_ops, new RaggedBatchBuilder().AddEncoder(source).Build());
        try
        {
            int layers = _model.Spec.Encoder!.Layers.Count;
            foreach ((CaptureWitness witness, CaptureFilter filter) in _witnesses.Zip(_filters))
            {
                if (witness.Wants(CaptureKinds.Hidden, layers))
                    witness.Keep(CaptureKinds.Hidden, encoded, layers, "norm", [.. filter.WantedRows(0, source.Length)], 0);
            }

            return encoded;
        }
        catch
        {
            encoded.Dispose();
            throw;
        }
    }

    private void Forward(RaggedBatch batch, Tensor? encoded, int past, int rows)
    {
        foreach (CaptureWitness witness in _witnesses)
            witness.Begin(SideOf(_model), past, rows);
        using Tensor hidden = _model.Forward(_ops, batch, encoded);
        foreach ((CaptureWitness witness, CaptureFilter filter) in _witnesses.Zip(_filters))
            Head(witness, filter, hidden, past, [.. filter.WantedRows(past, rows)]);
    }

    private void Head(CaptureWitness witness, CaptureFilter filter, Tensor hidden, int past, int[] wanted)
    {
        int layers = _model.Spec.Last.Layers.Count;
        if (witness.Wants(CaptureKinds.Hidden, layers))
            witness.Keep(CaptureKinds.Hidden, hidden, layers, "norm", wanted, past);
        if (_model.Spec.Head.IsMissing || !filter.Has(CaptureKinds.Logits) || wanted.Length == 0)
            return;
        using Tensor logits = _model.Project(_ops, hidden, Array.ConvertAll(wanted, position => position - past));
        for (int i = 0; i < wanted.Length; i++)
            witness.Keep(CaptureKinds.Logits, logits, layers, "head", [wanted[i]], wanted[i] - i);
    }

    private Capture[] End() => Array.ConvertAll(_witnesses, witness => witness.End());

    /// <summary>All who look on; when all have seen what they want, the pass ends.</summary>
    private sealed class Onlookers(CaptureWitness[] all) : IOpWitness
    {
        /// <summary>Whether the pass may end before its end.</summary>
        public bool MayLeave { get; set; }

        public void LayerBegins(Tensor x)
        {
            foreach (CaptureWitness one in all)
                one.LayerBegins(x);
        }

        public void Called(OpView call)
        {
            foreach (CaptureWitness one in all)
                one.Called(call);
        }

        public void LayerEnds(Tensor y)
        {
            foreach (CaptureWitness one in all)
                one.LayerEnds(y);
            if (MayLeave && all.All(one => one.HasEnough))
                throw new SeenEnoughException();
        }
    }

    /// <summary>
    /// Leaves a pass in the middle: models give back what they hold when an op fails, and know no other way to end early.
    /// </summary>
    private sealed class SeenEnoughException : Exception;
}
