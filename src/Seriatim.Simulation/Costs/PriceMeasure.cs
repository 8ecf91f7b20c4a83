using System.Diagnostics;

namespace Seriatim.Simulation;

/// <summary>Measures steps of a model: an engine's, with prompts and answers of many lengths, alone and together.</summary>
internal static class PriceMeasure
{
    private const int NewTokens = 24, Warm = 2;

    /// <summary>Runs steps for a time, every shape at least twice.</summary>
    /// <param name="model">The model; nobody else uses it meanwhile.</param>
    /// <param name="options">How the engine runs.</param>
    /// <param name="time">How long.</param>
    /// <param name="progress">Told how many steps were measured.</param>
    /// <param name="cancellation">Ctrl-C.</param>
    public static IReadOnlyList<(StepWork Work, double Seconds)> Run(IGenerationModel model, EngineOptions options, TimeSpan time,
        Action<int> progress, CancellationToken cancellation)
    {
        if (model.Capability != ModelCapability.Decoder)
        {
            throw new SimulationException(
                $"The model is a {model.Capability}; a decoder is needed, whose requests a cluster shares.");
        }

        (int Together, int Prompt)[] shapes = [.. Shapes(model, options)];
        var steps = new List<(StepWork, double)>();
        long begin = Stopwatch.GetTimestamp();
        for (int round = 0; round < Warm || Stopwatch.GetElapsedTime(begin) < time; round++)
        {
            foreach ((int together, int prompt) in shapes)
            {
                cancellation.ThrowIfCancellationRequested();
                if (round >= Warm && Stopwatch.GetElapsedTime(begin) >= time)
                    break;

                // An engine of its own: what one shape leaves in the prefix cache costs the next one nothing.
                Run(model, options, together, prompt, (ulong)round, round == 0 ? null : steps);
                progress(steps.Count);
            }
        }

        return steps;
    }

    private static IEnumerable<(int Together, int Prompt)> Shapes(IGenerationModel model, EngineOptions options)
    {
        foreach (int prompt in (int[])[8, 48, 200, 450, 900])
        {
            foreach (int together in (int[])[1, 2, 4, 8, 16])
            {
                if (prompt + NewTokens <= model.ContextLength && together <= options.MaxSequences && together * prompt <= 4000)
                    yield return (together, prompt);
            }
        }
    }

    private static void Run(IGenerationModel model, EngineOptions options, int together, int prompt, ulong seed,
        List<(StepWork, double)>? steps)
    {
        using var core = new EngineCore(model, options);
        StepWork work = default;
        core.Planned = plan => work = StepWork.Of(plan);
        var chance = new Chance(seed, (ulong)(together * 10_000 + prompt));
        var handles = new List<GenerationHandle>();
        for (int i = 0; i < together; i++)
        {
            var request = new GenerationRequest
            {
                Prompt = (int[])[.. Enumerable.Range(0, prompt).Select(_ => chance.Below(model.VocabularySize))],
                MaxNewTokens = NewTokens,
                Seed = (ulong)i,
                Sampling = new SamplingOptions { Temperature = 0.8f },
            };
            var handle = new GenerationHandle(i + 1, (ulong)i, () => { }, CancellationToken.None) { IsSilent = true };
            core.Add(request, core.Check(request), handle, options.Clock.GetTimestamp());
            handles.Add(handle);
        }

        while (true)
        {
            long start = Stopwatch.GetTimestamp();
            if (!core.Step())
                break;
            steps?.Add((work, Stopwatch.GetElapsedTime(start).TotalSeconds));
        }

        foreach (GenerationHandle handle in handles)
        {
            if (!handle.Outcome.IsCompletedSuccessfully)
            {
                throw new SimulationException(
                    $"A request of the measurement failed: {handle.Outcome.Exception?.GetBaseException().Message}");
            }
        }
    }
}
