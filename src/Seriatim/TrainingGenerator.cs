using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Training;

namespace Seriatim;

/// <summary>
/// Generates for a model that is being trained: what <see cref="TrainingOptions.Generate"/> wants for recipes with
/// <c>predict_with_generate</c>. Through the same engine as every other request.
/// </summary>
/// <example><code>
/// using var trainer = new Trainer(recipe, new TrainingOptions { Generate = TrainingGenerator.Generate });
/// </code></example>
public static class TrainingGenerator
{
    /// <summary>Sequences that run at the same time, beams counted.</summary>
    private const int AtOnce = 64;

    private const int PageSize = 16;

    /// <summary>
    /// The text that the model makes of each source: beam search, or the most probable id each time; a model for whole targets
    /// fills them in, in ten passes.
    /// </summary>
    /// <param name="task">Model, sources and limits.</param>
    /// <param name="cancellation">Ends the work with <see cref="OperationCanceledException"/>.</param>
    /// <returns>One text a source, in their order.</returns>
    /// <exception cref="GenerationException">A source is too long, or an option is not allowed.</exception>
    public static IReadOnlyList<string> Generate(GenerationTask task, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(task);
        ModelConfig config = task.Model.Config;
        bool fills = task.Model.Spec.MaskPredict is not null;
        if (fills && task.Beams > 1)
        {
            throw new ArgumentException(
                $"{task.Beams} beams for a model that fills in whole targets; generation_num_beams must be 1.", nameof(task));
        }
        int[] prompt = fills ? [] : Start(config);
        int longest = task.Sources.Count == 0 ? 1 : task.Sources.Max(s => s.Length);
        int together = Math.Max(1, AtOnce / task.Beams);
        int pages = (task.Beams + 1) * (task.MaxLength / PageSize + 2) + longest / PageSize + 2;
        using var engine = new GenerationEngine(new LoadedModel(task.Model, task.Ops), new EngineOptions
        {
            Pages = together * pages,
            PageSize = PageSize,
            MaxSequences = Math.Max(AtOnce, task.Beams),
            TokenBudget = Math.Max(1024, Math.Max(longest, 2 * task.Beams)),
            MaxQueuedRequests = Math.Max(1024, task.Sources.Count),
            EndIds = config.EosTokenIds,
            SuppressedIds = [.. ModelParts.Suppressed(task.Model, task.Tokenizer)],
        });
        Task<GenerationResult>[] running = [.. task.Sources.Select(source => engine.CompleteAsync(
            new GenerationRequest
            {
                Prompt = prompt,
                MaskPredict = fills ? new MaskPredictOptions() : null,
                EncoderInput = source,
                MaxNewTokens = task.MaxLength,
                ForcedEndId = fills ? null : config.ForcedEosTokenId,
                Sampling = SamplingOptions.Greedy,
                Beam = task.Beams == 1 ? null : new BeamOptions { Beams = task.Beams },
                Seed = 0,
                Tokenizer = task.Tokenizer,
            }, cancellation))];
        GenerationResult[] results = Task.WhenAll(running).GetAwaiter().GetResult();
        cancellation.ThrowIfCancellationRequested();
        return [.. results.Select(result => result.Choices[0].Text.Trim())];
    }

    private static int[] Start(ModelConfig config)
    {
        int start = config.DecoderStartTokenId
            ?? throw new ArgumentException("The model's config has no decoder_start_token_id.", nameof(config));
        return config.ForcedBosTokenId is { } first ? [start, first] : [start];
    }
}
