using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Inspection;

/// <summary>Passes of a model over one text with somebody looking on.</summary>
internal sealed class CapturePass
{
    private readonly Model _model;
    private readonly CaptureFilter _filter;
    private readonly CaptureWitness _witness;
    private readonly CapturingOps _ops;

    /// <param name="model">The model.</param>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="plain">The device: for what is computed beside the pass.</param>
    /// <param name="filter">What is wanted.</param>
    public CapturePass(Model model, IOps ops, IOps plain, CaptureFilter filter)
    {
        (_model, _filter) = (model, filter);
        _witness = new CaptureWitness(model, filter, plain);
        _ops = _witness.Ops = new CapturingOps(ops, _witness);
    }

    private static StackSide SideOf(Model model) => model.Spec.Decoder is null ? StackSide.Encoder : StackSide.Decoder;

    /// <summary>The whole of a text, and of its source if the model has an encoder and a decoder.</summary>
    public Capture Whole(int[] ids, int[] source, int[] types)
    {
        using Tensor? encoded = source.Length == 0 ? null : Encode(source);
        if (_filter.Has(CaptureKinds.State) && _model.BytesPerState > 0)
        {
            Pieces(ids, encoded, source.Length);
            return End();
        }

        var builder = new RaggedBatchBuilder();
        EncoderRows? rows = encoded is null ? null : new EncoderRows(0, source.Length);
        if (_model.Spec.Last.Visibility != Visibility.Full)
            builder.Add(ids, outputs: Outputs.All, encoder: rows);
        else if (rows is { } target)
            builder.AddTarget(ids, target);
        else
            builder.AddEncoder(ids, types);
        Forward(builder.Build(), encoded, 0, ids.Length);
        return End();
    }

    /// <summary>One step of a sequence: rows after what its memory holds. The memory is written and not committed.</summary>
    public Capture Step(int[] ids, int[] source, SequenceMemory memory)
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
        int[] ends = [.. _filter.WantedRows(0, ids.Length).Select(row => row + 1).Append(ids.Length).Distinct()];
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
        _witness.Begin(StackSide.Encoder, 0, source.Length);
        Tensor encoded = _model.Encode(_ops, new RaggedBatchBuilder().AddEncoder(source).Build());
        try
        {
            if (_witness.Wants(CaptureKinds.Hidden, _model.Spec.Encoder!.Layers.Count))
            {
                _witness.Keep(CaptureKinds.Hidden, encoded, _model.Spec.Encoder.Layers.Count, "norm",
                    [.. _filter.WantedRows(0, source.Length)], 0);
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
        int layers = _model.Spec.Last.Layers.Count;
        _witness.Begin(SideOf(_model), past, rows);
        using Tensor hidden = _model.Forward(_ops, batch, encoded);
        int[] wanted = [.. _filter.WantedRows(past, rows)];
        if (_witness.Wants(CaptureKinds.Hidden, layers))
            _witness.Keep(CaptureKinds.Hidden, hidden, layers, "norm", wanted, past);
        if (_model.Spec.Head.IsMissing || !_filter.Has(CaptureKinds.Logits) || wanted.Length == 0)
            return;
        using Tensor logits = _model.Project(_ops, hidden, Array.ConvertAll(wanted, position => position - past));
        for (int i = 0; i < wanted.Length; i++)
            _witness.Keep(CaptureKinds.Logits, logits, layers, "head", [wanted[i]], wanted[i] - i);
    }

    private Capture End() => _witness.End();
}
