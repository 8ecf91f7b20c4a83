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
    private readonly PipelineHost _host;
    private readonly PipelineStart _start;
    private readonly Lock _turn = new();
    private readonly Queue<Flight> _flights = [];
    private readonly int _mostParts;
    private MemoryPools? _pools;
    private PageJournal? _journal;
    private StageReport[] _reports;
    private bool _isOver;

    /// <param name="inner">The first stage.</param>
    /// <param name="ops">The device.</param>
    /// <param name="start">The stages, all of which are loaded.</param>
    public PipelineModel(LoadedModel inner, IOps ops, PipelineStart start)
        : base(inner)
    {
        (_model, _ops, _start, _group, _host) = (inner.Model, ops, start, start.Options.Group, start.Host!);
        _reports = [StagedLayers.ReportOf(_group, _model, null), .. start.Reports];
        _mostParts = start.Options.MicroBatches ?? 2 * _group.Size;
    }

    /// <summary>Shapes of the linear weights in the other stages, by their paths.</summary>
    public Dictionary<string, LinearShape> ShapesElsewhere =>
        new(_start.Shapes.SelectMany(shapes => shapes), StringComparer.Ordinal);

    /// <summary>Passes that the engine has asked for.</summary>
    public long Passes { get; private set; }

    /// <summary>Runs of rows that they were cut into.</summary>
    public long Runs { get; private set; }

    /// <summary>
    /// What each stage takes, by rank, without asking the others: their weights, what they have made for sequences, and what
    /// their processes had when they were last heard of.
    /// </summary>
    public IReadOnlyList<StageReport> Known
    {
        get
        {
            StageReport[] reports = Volatile.Read(ref _reports);
            return
            [
                reports[0] with { ResidentBytes = Environment.WorkingSet },
                .. reports.Skip(1).Select(report => report with
                {
                    ResidentBytes = _host.Watch?.ResidentBytesOf(report.Stage) ?? report.ResidentBytes,
                }),
            ];
        }
    }

    /// <summary>Told what each stage takes whenever it has made room for sequences; null: nobody is.</summary>
    public Action<StageReport>? Announce { get; init; }

    /// <inheritdoc/>
    public override void CheckPattern(SparsePattern pattern, int rows) => throw new ArgumentException(
        $"The model is cut into {_group.Size} stages, which are told no pattern of sparse attention ({rows} rows).");

    /// <summary>Of the stage that has most: a budget of memory is one for each process.</summary>
    public override long BytesPerPosition(KeyValueType type) =>
        _start.Stages.Max(stage => stage.BytesPerPosition(_model.Spec, type));

    /// <inheritdoc/>
    public override long BytesPerState => _start.Stages.Max(stage => stage.BytesPerState(_model.Spec));

    /// <inheritdoc/>
    public override long? LargestPoolBytes(int pageSize, long pages, long states, KeyValueType type) =>
        _start.Stages.Max(stage => checked(
            (pages * pageSize * stage.BytesPerPosition(_model.Spec, type)) + (states * stage.BytesPerState(_model.Spec))));

    /// <inheritdoc/>
    public override MemoryPools NewMemoryPools(int pageSize, int pages, int states, KeyValueType type)
    {
        RequireRunning();
        MemoryPools pools = base.NewMemoryPools(pageSize, pages, states, type);
        try
        {
            _journal = new PageJournal(pools);
            byte[][] answers = _host.Ask(Told(StageCommandKind.MakePools) with
            {
                PageSize = pageSize,
                Pages = pages,
                States = states,
                Type = type,
            });
            StageReport[] reports =
                [StagedLayers.ReportOf(_group, _model, pools), .. answers.Select(PipelineMessages.ReadReport)];
            Volatile.Write(ref _reports, reports);
            foreach (StageReport report in reports)
                Announce?.Invoke(report);
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
            return _model.FinishStages(_ops, batch, stream);
    }

    /// <summary>What each stage takes now, by rank.</summary>
    public IReadOnlyList<StageReport> Report()
    {
        RequireRunning();
        byte[][] answers = _host.Ask(Told(StageCommandKind.Report));
        return [StagedLayers.ReportOf(_group, _model, _pools), .. answers.Select(PipelineMessages.ReadReport)];
    }

    /// <summary>Adds an adapter: each stage gets what adds to its layers.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="factors">What it adds to which weights of the whole model.</param>
    /// <exception cref="ArgumentException">
    /// The name is taken, or was, a path is not of this model, or shapes do not fit; nobody has it then.
    /// </exception>
    public void AddAdapter(string name, IReadOnlyDictionary<string, LowRankFactors> factors)
    {
        // Not between the parts of a pass: those that ask for it from now on follow it to the others.
        using Lock.Scope turn = _turn.EnterScope();
        RequireRunning();
        _model.AddStageAdapter(name, factors, ShapesElsewhere);
        _host.Tell(Told(StageCommandKind.AddAdapter), rank => AdapterBytes.Write(name, factors
            .Where(one => _start.Shapes[rank - 1].ContainsKey(one.Key)).ToDictionary(one => one.Key, one => one.Value)));
    }

    /// <summary>Takes an adapter away; false if there is none.</summary>
    /// <param name="name">Its name.</param>
    public bool RemoveAdapter(string name)
    {
        using Lock.Scope turn = _turn.EnterScope();
        if (!_model.RemoveAdapter(name))
            return false;
        RequireRunning();
        _host.Tell(Told(StageCommandKind.RemoveAdapter), AdapterBytes.Write(name, new Dictionary<string, LowRankFactors>()));
        return true;
    }

    /// <summary>Tells the other stages something out of turn; for tests of what they do with it.</summary>
    internal void TellOnlyForTests(StageCommandKind kind, byte[] body) => _host.Tell(Told(kind), body);

    /// <summary>
    /// Has the other stages give back their layers, and leave if these were all; once, after the engine has stopped.
    /// </summary>
    public void Dispose()
    {
        if (_isOver)
            return;
        _isOver = true;
        while (!_host.IsBroken && _flights.TryDequeue(out Flight? flight))
            Await(flight).Dispose();
        if (!_host.IsBroken)
            _host.Tell(Told(StageCommandKind.Close));
        if (_start.Options.Host is null)
            _host.Dispose();
    }

    /// <summary>
    /// This process's layers, then the rows on their way; nothing is sent of rows that cannot be computed here.
    /// </summary>
    private Flight Send(RaggedBatch part, int firstRow)
    {
        using StageRows rows = _model.RunStage(_ops, part, null, _group.Advance);
        byte[] body = StagePass.Write(part, _journal);
        Flight? flight = null;
        try
        {
            int bytes = part.OutputRows.Length == 0 ? 1 : part.OutputRows.Length * _model.Spec.Last.Width * sizeof(float);
            _host.Tell(Told(StageCommandKind.Pass), body, () =>
            {
                // In the order of the passes, whichever models they are of.
                flight = new Flight(
                    _group.Receive(_group.Size - 1, PipelineMessages.Result, bytes), firstRow, part.OutputRows);
                SendRows(rows);
            });
            _flights.Enqueue(flight!);
            return flight!;
        }
        catch (Exception failure) when (failure is not ProcessGroupException)
        {
            throw _host.Broken(failure);
        }
    }

    private void SendRows(StageRows rows)
    {
        _group.Send(1, PipelineMessages.Stream, MemoryMarshal.AsBytes(rows.Stream.Read().Values));
        if (rows.LayerInputs is { } inputs)
            _group.Send(1, PipelineMessages.LayerInputs, MemoryMarshal.AsBytes(inputs.Read().Values));
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
            throw _host.Broken(failure);
        }
    }

    private StageCommand Told(StageCommandKind kind) => new(kind, _start.Number);

    private void RequireRunning()
    {
        ObjectDisposedException.ThrowIf(_isOver, this);
        _host.RequireRunning();
    }

    /// <summary>A run of rows that is under way.</summary>
    private sealed record Flight(IncomingMessage Message, int FirstRow, ReadOnlyMemory<int> Wanted);
}
