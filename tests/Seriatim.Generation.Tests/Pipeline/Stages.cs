using System.Runtime.ExceptionServices;
using Seriatim.Training;
using Seriatim.Training.Tests;

namespace Seriatim.Generation.Tests;

/// <summary>Stages of a model as threads, which know nothing of each other but messages.</summary>
internal static class Stages
{
    /// <summary>Runs a model in stages.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="stages">How many.</param>
    /// <param name="first">What rank 0 does with it.</param>
    /// <param name="change">Other options than the usual ones, by rank.</param>
    public static void Run(
        string folder, int stages, Action<PipelineModel> first, Func<PipelineOptions, PipelineOptions>? change = null)
    {
        Exception?[] failures = Try(folder, stages, first, change);

        // What went wrong first is what the others only hear of.
        if ((failures.FirstOrDefault(failure => failure is not null and not RankGoneException)
            ?? failures.FirstOrDefault(failure => failure is not null)) is { } failure)
            ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>As <see cref="Run"/>: what each rank has thrown.</summary>
    public static Exception?[] Try(string folder, int stages, Action<PipelineModel> first,
        Func<PipelineOptions, PipelineOptions>? change = null, Func<int, string>? folders = null,
        Func<int, WeightStorage>? storages = null) =>
        ThreadGroup.Run(stages, group =>
        {
            var pipeline = new PipelineOptions { Group = group, MinRows = 3 };
            pipeline = change?.Invoke(pipeline) ?? pipeline;
            string own = folders?.Invoke(group.Rank) ?? folder;
            var options = new LanguageModelOptions
            {
                Threads = 1,
                Pipeline = pipeline,
                Storage = storages?.Invoke(group.Rank) ?? WeightStorage.AsStored,
            };
            if (!group.IsFirst)
            {
                PipelineWorker.Run(own, options, pipeline);
                return;
            }

            ModelLoadOptions load = ModelParts.LoadOptions(options);
            PipelineStart start = PipelineStart.Begin(pipeline, own, load);
            using var model = Model.Load(own, load with { Stage = start.Own });
            using var ops = CpuOps.Create(1);
            start.Complete(model, StagedLayers.ReportOf(group, model, null));
            using var staged = new PipelineModel(new LoadedModel(model, ops), ops, start);
            first(staged);
        });

    /// <summary>Runs requests of one engine together, and gives what each ended with.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">The engine's options.</param>
    /// <param name="requests">The requests; those that the model refuses are left out by both.</param>
    public static (GenerationResult[] Results, EngineStatistics Statistics) Results(
        IGenerationModel model, EngineOptions options, IReadOnlyList<GenerationRequest> requests)
    {
        using var core = new EngineCore(model, options);
        GenerationHandle[] handles = new GenerationHandle[requests.Count];
        for (int i = 0; i < handles.Length; i++)
        {
            handles[i] = core.Add(requests[i], i + 1);
            for (int step = 0; step < i % 3; step++)
                core.Step();
        }

        core.Drain();
        Assert.True(core.LastFailure is null, $"{core.LastFailure}");
        return ([.. handles.Select(handle => handle.Result())], core.Statistics);
    }
}
