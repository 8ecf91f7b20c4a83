using System.Runtime.InteropServices;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Training;

namespace Seriatim;

/// <summary>The layers of one model that a process above rank 0 has: what it does with them, as rank 0 says.</summary>
internal sealed class StagedLayers : IDisposable
{
    private readonly ProcessGroup _group;
    private readonly Model _model;
    private readonly IOps _ops;
    private MemoryPools? _pools;

    private StagedLayers(ProcessGroup group, Model model, IOps ops) => (_group, _model, _ops) = (group, model, ops);

    private bool IsLast => _group.Rank == _group.Size - 1;

    /// <summary>Loads the layers of this rank together with the other ranks.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="options">How it is opened.</param>
    /// <param name="pipeline">The processes.</param>
    /// <param name="ops">What computes.</param>
    /// <exception cref="ProcessGroupException">A rank cannot, or is about to load something else.</exception>
    public static StagedLayers Load(string folder, LanguageModelOptions options, PipelineOptions pipeline, IOps ops)
    {
        ModelLoadOptions load = ModelParts.LoadOptions(options);
        PipelineStart start = PipelineStart.Begin(pipeline, folder, load);
        Model model;
        try
        {
            model = Model.Load(folder, load with { Stage = start.Own });
        }
        catch (Exception failure)
        {
            throw start.Fail(failure);
        }

        try
        {
            start.Complete(model, ReportOf(pipeline.Group, model, null));
            return new StagedLayers(pipeline.Group, model, ops);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>What a stage takes now.</summary>
    public static StageReport ReportOf(ProcessGroup group, Model model, MemoryPools? pools) => new()
    {
        Stage = group.Rank,
        Place = group.Place,
        FirstLayer = model.Stage!.First,
        Layers = model.Stage.Count,
        WeightBytes = model.WeightBytes,
        MemoryBytes = pools?.Bytes ?? 0,
        ResidentBytes = Environment.WorkingSet,
    };

    /// <summary>Does what rank 0 says of these layers.</summary>
    /// <param name="command">What.</param>
    /// <param name="body">What belongs to it.</param>
    public void Do(in StageCommand command, ReadOnlySpan<byte> body)
    {
        switch (command.Kind)
        {
            case StageCommandKind.MakePools:
                _pools?.Dispose();
                _pools = null;
                _pools = _model.NewMemoryPools(command.PageSize, command.Pages, command.States, command.Type);
                Report();
                break;
            case StageCommandKind.Report:
                Report();
                break;
            case StageCommandKind.AddAdapter:
                (string name, Dictionary<string, LowRankFactors> factors) = AdapterBytes.Read(body);
                _model.AddStageAdapter(name, factors, new Dictionary<string, LinearShape>());
                break;
            case StageCommandKind.RemoveAdapter:
                _model.RemoveAdapter(AdapterBytes.Read(body).Name);
                break;
            case StageCommandKind.Pass:
                Pass(body);
                break;
            default:
                throw new InvalidOperationException($"Layers of a model are told to {command.Kind}.");
        }
    }

    public void Dispose()
    {
        _pools?.Dispose();
        _model.Dispose();
    }

    private void Report() => PipelineMessages.Reply(
        _group, PipelineMessages.Answer, PipelineMessages.Write(ReportOf(_group, _model, _pools)));

    private void Pass(ReadOnlySpan<byte> body)
    {
        RaggedBatch batch = StagePass.Read(body.ToArray(), _pools);
        using StageRows before = Arrived(batch.Rows);
        using StageRows rows = _model.RunStage(_ops, batch, before, _group.Advance);
        ReadOnlySpan<float> stream = rows.Stream.Read().Values;
        if (IsLast)
        {
            Return(batch.OutputRows.Span, stream, rows.Stream.Columns);
            return;
        }

        _group.Send(_group.Rank + 1, PipelineMessages.Stream, MemoryMarshal.AsBytes(stream));
        if (rows.LayerInputs is { } inputs)
            _group.Send(_group.Rank + 1, PipelineMessages.LayerInputs, MemoryMarshal.AsBytes(inputs.Read().Values));
    }

    /// <summary>What the stage before made.</summary>
    private StageRows Arrived(int rows)
    {
        Tensor stream = Receive(PipelineMessages.Stream, rows, _model.Spec.Last.Width);
        if (_model.Spec.Last.LayerInputs is not { } inputs)
            return new StageRows(stream, null);
        int layers = _model.Spec.Last.Layers.Count - _model.Stage!.First;
        return new StageRows(stream, Receive(PipelineMessages.LayerInputs, rows, layers * inputs.Width));
    }

    private Tensor Receive(int tag, int rows, int columns)
    {
        using IncomingMessage message = _group.Receive(_group.Rank - 1, tag, checked(rows * columns * sizeof(float)));
        return _model.Device.Upload(MemoryMarshal.Cast<byte, float>(message.Wait()), rows, columns);
    }

    /// <summary>
    /// Rank 0 gets the rows that are wanted and no others; a byte says that none are, and that the pass is done.
    /// </summary>
    private void Return(ReadOnlySpan<int> wanted, ReadOnlySpan<float> stream, int width)
    {
        if (wanted.IsEmpty)
        {
            _group.Send(0, PipelineMessages.Result, [1]);
            return;
        }

        float[] rows = new float[wanted.Length * width];
        for (int i = 0; i < wanted.Length; i++)
            stream.Slice(wanted[i] * width, width).CopyTo(rows.AsSpan(i * width, width));
        _group.Send(0, PipelineMessages.Result, MemoryMarshal.AsBytes(rows.AsSpan()));
    }
}
