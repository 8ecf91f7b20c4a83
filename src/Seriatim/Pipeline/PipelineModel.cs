using System.Runtime.InteropServices;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Training;

namespace Seriatim;

/// <summary>
/// A model whose layers are in several processes, as the engine of rank 0 sees it: rows go through this process's layers, then
/// through those of the others, one stage after the other, and come back as hidden rows. Embedding, last norm and head are here.
/// </summary>
/// <remarks>
/// Pools of all stages have the same units, which the engine gives and takes here alone; other stages are told the numbers with
/// each pass, and the copies that were made since the one before. A step with many rows is cut into runs that follow each other,
/// so that stages work at the same time. As a row does not depend on its company, none of that changes a bit.
/// </remarks>
internal sealed class PipelineModel : DelegatingModel, IDisposable
{
    private readonly Model _model;
    private readonly IOps _ops;
    private readonly ProcessGroup _group;
    private readonly PipelineStart _start;
    private readonly Lock _turn = new();
    private readonly Queue<Flight> _flights = [];
    private readonly int _mostParts;
    private MemoryPools? _pools;
    private PageJournal? _journal;
    private ProcessGroupException? _failure;
    private bool _isOver;

    /// <param name="inner">The first stage.</param>
    /// <param name="ops">The device.</param>
    /// <param name="start">The stages, all of which are loaded.</param>
    public PipelineModel(LoadedModel inner, IOps ops, PipelineStart start)
        : base(inner)
    {
        (_model, _ops, _start, _group) = (inner.Model, ops, start, start.Options.Group);
        _mostParts = start.Options.MicroBatches ?? 2 * _group.Size;
    }

    /// <summary>Passes that the engine has asked for.</summary>
    public long Passes { get; private set; }

    /// <summary>Runs of rows that they were cut into.</summary>
    public long Runs { get; private set; }

    /// <inheritdoc/>
    public override void CheckPattern(SparsePattern pattern, int rows) => throw new ArgumentException(
        $"The model is cut into {_group.Size} stages, which are told no pattern of sparse attention ({rows} rows).");

    /// <summary>Of the stage that has most: a budget of memory is one for each process.</summary>
    public override long BytesPerPosition(KeyValueType type) =>
        _start.Stages.Max(stage => stage.BytesPerPosition(_model.Spec, type));

    /// <inheritdoc/>
    public override long BytesPerState => _start.Stages.Max(stage => stage.BytesPerState(_model.Spec));

    /// <inheritdoc/>
    public override MemoryPools NewMemoryPools(int pageSize, int pages, int states, KeyValueType type)
    {
        RequireRunning();
        MemoryPools pools = base.NewMemoryPools(pageSize, pages, states, type);
        try
        {
            _journal = new PageJournal(pools);
            PipelineMessages.Tell(_group, new StageCommand(StageCommandKind.MakePools, pageSize, pages, states, type));
            _ = PipelineMessages.Answers(_group);
            return _pools = pools;
        }
        catch
        {
            pools.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override Tensor Encode(RaggedBatch batch) => Forward(batch, null);

    /// <summary>
    /// Hidden rows, <c>[N, E]</c>; those that are no output rows of the batch are not fetched, and not a number.
    /// </summary>
    public override Tensor Forward(RaggedBatch batch, Tensor? encoded)
    {
        lock (_turn)
            return Run(batch);
    }

    private Tensor Run(RaggedBatch batch)
    {
        RequireRunning();
        IReadOnlyList<RaggedBatch> parts = StagePass.Split(
            batch, Math.Clamp(batch.Rows / _start.Options.MinRows, 1, _mostParts));
        (Passes, Runs) = (Passes + 1, Runs + parts.Count);
        var own = new List<Flight>(parts.Count);
        int first = 0;
        foreach (RaggedBatch part in parts)
        {
            own.Add(Send(part, first));
            first += part.Rows;
        }

        int width = _model.Spec.Last.Width;
        float[] rows = new float[checked(batch.Rows * width)];
        rows.AsSpan().Fill(float.NaN);

        // Where nobody wants rows (a piece of a prompt), the other stages go on while the next step begins.
        while (_flights.Count > 0 && (batch.OutputRows.Length > 0 || _flights.Count > _mostParts))
            Land(_flights.Dequeue(), own, rows, width);
        Tensor stream = _ops.Device.Upload(rows, batch.Rows, width);
        if (batch.OutputRows.IsEmpty)
            return stream;
        using (stream)
            return _model.FinishStages(_ops, stream);
    }

    /// <summary>What each stage takes now, by rank.</summary>
    public IReadOnlyList<StageReport> Report()
    {
        using Lock.Scope turn = _turn.EnterScope();
        RequireRunning();
        StageReport own = PipelineWorker.ReportOf(_group, _model, _pools);
        PipelineMessages.Tell(_group, new StageCommand(StageCommandKind.Report));
        return [own, .. PipelineMessages.Answers(_group).Select(PipelineMessages.Read)];
    }

    /// <summary>Tells the other stages something out of turn; for tests of what they do with it.</summary>
    internal void TellOnlyForTests(in StageCommand command, ReadOnlySpan<byte> body) =>
        PipelineMessages.Tell(_group, command, body);

    /// <summary>Lets the other stages leave in good order; once, after the engine has stopped.</summary>
    public void Dispose()
    {
        if (_isOver)
            return;
        _isOver = true;
        while (_failure is null && _flights.TryDequeue(out Flight? flight))
            Await(flight).Dispose();
        if (_failure is null)
            PipelineMessages.Tell(_group, new StageCommand(StageCommandKind.Stop));
    }

    /// <summary>
    /// This process's layers, then the rows on their way; nothing is sent of rows that cannot be computed here.
    /// </summary>
    private Flight Send(RaggedBatch part, int firstRow)
    {
        using StageRows rows = _model.RunStage(_ops, part, null, _group.Advance);
        ReadOnlySpan<float> stream = rows.Stream.Read().Values;
        byte[] body = StagePass.Write(part, _journal);
        try
        {
            int bytes = part.OutputRows.Length == 0 ? 1 : part.OutputRows.Length * _model.Spec.Last.Width * sizeof(float);
            var flight = new Flight(
                _group.Receive(_group.Size - 1, PipelineMessages.Result, bytes), firstRow, part.OutputRows);
            PipelineMessages.Tell(_group, new StageCommand(StageCommandKind.Pass), body);
            _group.Send(1, PipelineMessages.Stream, MemoryMarshal.AsBytes(stream));
            if (rows.LayerInputs is { } inputs)
                _group.Send(1, PipelineMessages.LayerInputs, MemoryMarshal.AsBytes(inputs.Read().Values));
            _flights.Enqueue(flight);
            return flight;
        }
        catch (Exception failure)
        {
            throw Broken(failure);
        }
    }

    /// <summary>Takes in the rows of the oldest run that is under way; those of a step that failed are dropped.</summary>
    private void Land(Flight flight, List<Flight> own, float[] rows, int width)
    {
        using IncomingMessage message = Await(flight);
        if (!own.Contains(flight))
            return;
        ReadOnlySpan<float> values = flight.Wanted.IsEmpty ? [] : MemoryMarshal.Cast<byte, float>(message.Wait());
        for (int i = 0; i < flight.Wanted.Length; i++)
        {
            values.Slice(i * width, width).CopyTo(
                rows.AsSpan((flight.FirstRow + flight.Wanted.Span[i]) * width, width));
        }
    }

    private IncomingMessage Await(Flight flight)
    {
        try
        {
            flight.Message.Wait();
            return flight.Message;
        }
        catch (Exception failure)
        {
            throw Broken(failure);
        }
    }

    private ProcessGroupException Broken(Exception failure) => _failure ??= new ProcessGroupException(
        $"The {_group.Size} stages of the model cannot go on: {failure.Message}", failure);

    private void RequireRunning()
    {
        ObjectDisposedException.ThrowIf(_isOver, this);
        if (_failure is not null)
            throw _failure;
    }

    /// <summary>A run of rows that is under way.</summary>
    private sealed record Flight(IncomingMessage Message, int FirstRow, ReadOnlyMemory<int> Wanted);
}
