using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Training;

namespace Seriatim;

/// <summary>
/// A process above rank 0 that has layers of models (decision 045): loads those that rank 0 opens, follows its passes, and leaves
/// when rank 0 does.
/// </summary>
/// <example><code>
/// using ProcessGroup group = MpiProcessGroup.Start();
/// var options = new LanguageModelOptions { Pipeline = new PipelineOptions { Group = group } };
/// if (group.IsFirst) { using var model = await LanguageModel.OpenAsync(name, options); /* as ever */ }
/// else await PipelineWorker.RunAsync(name, options);
/// </code></example>
public sealed class PipelineWorker
{
    private readonly LanguageModelOptions _options;
    private readonly PipelineOptions _pipeline;
    private readonly IDifferentiableOps _ops;
    private readonly Func<StageOpening, string> _folderOf;
    private readonly bool _isForOne;
    private readonly Action<int>? _changed;
    private readonly Dictionary<int, Task<StagedLayers>> _models = [];
    private readonly CancellationTokenSource _failed = new();
    private Task _opening = Task.CompletedTask;
    private Exception? _failure;

    private PipelineWorker(LanguageModelOptions options, PipelineOptions pipeline, IDifferentiableOps ops,
        Func<StageOpening, string> folderOf, bool isForOne, Action<int>? changed) =>
        (_options, _pipeline, _ops, _folderOf, _isForOne, _changed) = (options, pipeline, ops, folderOf, isForOne, changed);

    private ProcessGroup Group => _pipeline.Group;

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
        PipelineOptions pipeline = Require(options);
        string folder = await (options.Hub ?? new ModelHub()).ResolveAsync(name, cancellationToken: cancellationToken)
            .ConfigureAwait(false);
        await Task.Run(() => Run(folder, options, pipeline), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Follows rank 0 through all models that it opens, until it lets the others leave.</summary>
    /// <param name="options">How models are opened; what rank 0 says of each comes before.</param>
    internal static async Task FollowAsync(LanguageModelOptions options)
    {
        PipelineOptions pipeline = Require(options);
        ModelHub hub = options.Hub ?? new ModelHub();
        await Task.Run(() => Follow(
            options, pipeline, opening => hub.ResolveAsync(opening.Name).GetAwaiter().GetResult(), isForOne: false))
            .ConfigureAwait(false);
    }

    /// <summary>As <see cref="RunAsync"/>, of a folder that is there.</summary>
    internal static void Run(string folder, LanguageModelOptions options, PipelineOptions pipeline) =>
        Follow(options, pipeline, _ => folder, isForOne: true);

    private static PipelineOptions Require(LanguageModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Pipeline is { Group.IsFirst: false } pipeline ? pipeline
            : throw new ArgumentException("Pipeline with a group is needed, and a rank above 0; rank 0 opens a LanguageModel.",
                nameof(options));
    }

    /// <summary>As both above.</summary>
    /// <param name="options">How models are opened.</param>
    /// <param name="pipeline">The processes.</param>
    /// <param name="folderOf">Finds a model.</param>
    /// <param name="isForOne">Whether there is one model, and its failure is that of all.</param>
    /// <param name="changed">Told of how many models something is here, whenever one came or has gone; null: nobody is.</param>
    internal static void Follow(LanguageModelOptions options, PipelineOptions pipeline, Func<StageOpening, string> folderOf,
        bool isForOne, Action<int>? changed = null)
    {
        using IDifferentiableOps ops = CpuOps.Create(options.Threads);
        var worker = new PipelineWorker(options, pipeline, ops, folderOf, isForOne, changed);
        try
        {
            worker.Follow();
        }
        finally
        {
            foreach (Task<StagedLayers> model in worker._models.Values.Where(model => model.IsCompletedSuccessfully))
                model.Result.Dispose();
            worker._failed.Dispose();
        }
    }

    private void Follow()
    {
        while (true)
        {
            StageCommand command = Next();
            using IncomingMessage? message = command.BodyBytes == 0 ? null
                : Group.Receive(0, PipelineMessages.Body, command.BodyBytes);
            ReadOnlySpan<byte> body = message is null ? [] : message.Wait();
            switch (command.Kind)
            {
                case StageCommandKind.Stop:
                    return;
                case StageCommandKind.Open:
                    Open(command.Model, JsonSerializer.Deserialize(body, PipelineJson.Default.StageOpening)!);
                    break;
                case StageCommandKind.Close:
                    Close(command.Model);
                    break;
                default:
                    _models[command.Model].GetAwaiter().GetResult().Do(command, body);
                    break;
            }
        }
    }

    private StageCommand Next()
    {
        using IncomingMessage message = Group.Receive(0, PipelineMessages.Command, Unsafe.SizeOf<StageCommand>());
        try
        {
            return MemoryMarshal.Read<StageCommand>(message.Wait(_failed.Token));
        }
        catch (Exception)
        {
            // Not in a filter, which would wait while the message still holds what it waits with.
            if (OwnFailure() is { } failure)
                throw failure;
            throw;
        }
    }

    /// <summary>
    /// What has failed here, as far as it is known; of one model also what is only about to, and what rank 0 may have left for.
    /// </summary>
    private Exception? OwnFailure()
    {
        if (_isForOne)
            _opening.Wait();
        return _failure;
    }

    /// <summary>Models are loaded one after the other, while passes of those that are there go on.</summary>
    private void Open(int model, StageOpening opening)
    {
        Task before = _opening;
        Task<StagedLayers> loading = Task.Run(async () =>
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return Load(opening);
        });
        _models.Add(model, loading);
        _changed?.Invoke(_models.Count);
        _opening = loading.ContinueWith(Watch, TaskScheduler.Default);
    }

    private StagedLayers Load(StageOpening opening)
    {
        PipelineOptions pipeline = _pipeline;
        LanguageModelOptions options = _options;
        if (!_isForOne)
        {
            pipeline = pipeline with { Layers = opening.Layers };
            options = options with { Storage = opening.Storage, Placement = opening.Placement };
        }

        string folder;
        try
        {
            folder = _folderOf(opening);
        }
        catch (Exception failure)
        {
            // What is not here is told where files would be compared.
            throw PipelineStart.Refuse(pipeline, failure);
        }

        return StagedLayers.Load(folder, options, pipeline, _ops);
    }

    /// <summary>
    /// A failure that all ranks know of is rank 0's to tell, where there are other models besides; any other ends this rank.
    /// </summary>
    private void Watch(Task<StagedLayers> loading)
    {
        if (loading.Exception?.InnerException is not { } failure || (failure is ProcessGroupException && !_isForOne))
            return;
        _failure = failure;
        _failed.Cancel();
    }

    private void Close(int model)
    {
        if (!_models.Remove(model, out Task<StagedLayers>? layers))
            return;

        // One that could not be loaded has left nothing.
        ((Task)layers).ContinueWith(static _ => { }, TaskScheduler.Default).Wait();
        if (layers.IsCompletedSuccessfully)
            layers.Result.Dispose();
        _changed?.Invoke(_models.Count);
    }
}
