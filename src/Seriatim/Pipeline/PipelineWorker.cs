using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Training;

namespace Seriatim;

/// <summary>
/// A stage of a model after the first one (decision 045): loads its layers, follows the passes of rank 0, and leaves when rank 0
/// closes the model.
/// </summary>
/// <example><code>
/// using ProcessGroup group = MpiProcessGroup.Start();
/// var options = new LanguageModelOptions { Pipeline = new PipelineOptions { Group = group } };
/// if (group.IsFirst) { using var model = await LanguageModel.OpenAsync(name, options); /* as ever */ }
/// else await PipelineWorker.RunAsync(name, options);
/// </code></example>
public sealed class PipelineWorker
{
    private readonly ProcessGroup _group;
    private readonly Model _model;
    private readonly IOps _ops;
    private MemoryPools? _pools;

    private PipelineWorker(ProcessGroup group, Model model, IOps ops) => (_group, _model, _ops) = (group, model, ops);

    private bool IsLast => _group.Rank == _group.Size - 1;

    /// <summary>
    /// Runs until rank 0 has closed the model. A rank that fails must end the group, as others would wait for it.
    /// </summary>
    /// <param name="name">The model: the same as at rank 0.</param>
    /// <param name="options">How it is opened: the same as at rank 0, which decides about memory and requests alone.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ArgumentException">There is no group, or this is its rank 0.</exception>
    /// <exception cref="ProcessGroupException">The ranks are about to load different things, or cannot.</exception>
    public static async Task RunAsync(string name, LanguageModelOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Pipeline is not { } pipeline || pipeline.Group.IsFirst)
            throw new ArgumentException("Pipeline with a group is needed, and a rank above 0; rank 0 opens a LanguageModel.",
                nameof(options));
        string folder = await (options.Hub ?? new ModelHub()).ResolveAsync(name, cancellationToken: cancellationToken)
            .ConfigureAwait(false);
        await Task.Run(() => Run(folder, options, pipeline), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What a stage takes now.</summary>
    internal static StageReport ReportOf(ProcessGroup group, Model model, MemoryPools? pools) => new()
    {
        Stage = group.Rank,
        Place = group.Place,
        FirstLayer = model.Stage!.First,
        Layers = model.Stage.Count,
        WeightBytes = model.WeightBytes,
        MemoryBytes = pools?.Bytes ?? 0,
        ResidentBytes = Environment.WorkingSet,
    };

    /// <summary>As <see cref="RunAsync"/>, of a folder that is there.</summary>
    internal static void Run(string folder, LanguageModelOptions options, PipelineOptions pipeline)
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

        using (model)
        using (IDifferentiableOps ops = CpuOps.Create(options.Threads))
        {
            start.Complete(model);
            var worker = new PipelineWorker(pipeline.Group, model, ops);
            try
            {
                worker.Follow();
            }
            finally
            {
                worker._pools?.Dispose();
            }
        }
    }

    private void Follow()
    {
        while (true)
        {
            StageCommand command = Next();
            switch (command.Kind)
            {
                case StageCommandKind.Stop:
                    return;
                case StageCommandKind.MakePools:
                    _pools?.Dispose();
                    _pools = null;
                    _pools = _model.NewMemoryPools(command.PageSize, command.Pages, command.States, command.Type);
                    PipelineMessages.Reply(_group, PipelineMessages.Write(ReportOf(_group, _model, _pools)));
                    break;
                case StageCommandKind.Report:
                    PipelineMessages.Reply(_group, PipelineMessages.Write(ReportOf(_group, _model, _pools)));
                    break;
                default:
                    using (IncomingMessage body = _group.Receive(0, PipelineMessages.Body, command.BodyBytes))
                        Pass(body.Wait());
                    break;
            }
        }
    }

    private StageCommand Next()
    {
        using IncomingMessage message = _group.Receive(0, PipelineMessages.Command, Unsafe.SizeOf<StageCommand>());
        return MemoryMarshal.Read<StageCommand>(message.Wait());
    }

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
