using System.Diagnostics;
using System.Text;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Training;

namespace Seriatim.Generation.Benchmarks;

/// <summary>
/// What it costs to have a model's layers in several processes: the time of a message there and back, and rounds of one process
/// and of all by turns, with tokens of one sequence, of many, and prompts. The model is a llama of random weights.
/// </summary>
internal static class StageCost
{
    private const int Rounds = 5, Tag = 7;

    /// <summary>Runs as one of the ranks.</summary>
    /// <param name="threads">Threads of each rank, and of the process that is compared.</param>
    /// <param name="layers">Layers of the model.</param>
    public static async Task RunAsync(int threads, int layers)
    {
        using MpiProcessGroup group = MpiProcessGroup.Start();
        try
        {
            await RunAsync(group, threads, layers);
        }
        catch (Exception failure)
        {
            Console.Error.WriteLine($"{group}: {failure}");
            group.Abort(1);
        }
    }

    private static async Task RunAsync(MpiProcessGroup group, int threads, int layers)
    {
        string folder = Encoding.UTF8.GetString(group.Broadcast(
            group.IsFirst ? Encoding.UTF8.GetBytes(Written(layers)) : []));
        foreach (int bytes in new[] { 64, 4 << 10, 64 << 10, 1 << 20 })
            Hop(group, bytes);
        foreach (int runs in new[] { 1, 2 * group.Size })
        {
            var options = new LanguageModelOptions
            {
                Threads = threads,
                Pipeline = new PipelineOptions { Group = group, MicroBatches = runs },
            };
            if (group.IsFirst)
                await CompareAsync(folder, options, threads, runs);
            else
                await PipelineWorker.RunAsync(folder, options);
        }

        group.Barrier();
        if (group.IsFirst)
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>A message to rank 1 and one back, halved: the median of many.</summary>
    private static void Hop(ProcessGroup group, int bytes)
    {
        byte[] message = new byte[bytes];
        double[] times = new double[200];
        group.Barrier();
        for (int i = 0; i < times.Length && group.Rank < 2; i++)
        {
            long start = Stopwatch.GetTimestamp();
            if (group.IsFirst)
                group.Send(1, Tag, message);
            using (IncomingMessage there = group.Receive(1 - group.Rank, Tag, bytes))
                there.Wait();
            if (!group.IsFirst)
                group.Send(0, Tag, message);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / 2;
        }

        Array.Sort(times);
        if (group.IsFirst)
            Console.WriteLine($"hop of {bytes,8} bytes: median {times[100]:0.0} us, of ten the best {times[20]:0.0} us");
    }

    private static async Task CompareAsync(string folder, LanguageModelOptions options, int threads, int runs)
    {
        using var whole = Model.Load(folder);
        using IDifferentiableOps ops = CpuOps.Create(threads);
        using var alone = new GenerationEngine(new LoadedModel(whole, ops), Small);
        using ModelParts parts = await ModelParts.LoadAsync(folder, options with { Engine = Small }, default);
        using GenerationEngine staged = parts.NewEngine();
        if (runs == 1)
        {
            Console.WriteLine($"one process: weights {whole.WeightBytes / 1e6:0.0} MB");
            foreach (StageReport report in parts.Stages!.Report())
                Console.WriteLine(report);
        }

        Console.WriteLine($"steps cut into {runs} runs at most; {Rounds} rounds by turns, medians");
        await CaseAsync("1 sequence, tokens", 1, 4, 24);
        await CaseAsync("64 sequences, tokens", 64, 4, 6);
        await CaseAsync("prompts of 448", 2, 448, 1);

        async Task CaseAsync(string what, int count, int prompt, int tokens)
        {
            var times = (Alone: new double[Rounds], Staged: new double[Rounds]);
            int[][] ids = [[], []];
            for (int round = -1; round < Rounds; round++)
            {
                (double one, ids[0]) = await TimeAsync(alone, count, prompt, tokens);
                (double many, ids[1]) = await TimeAsync(staged, count, prompt, tokens);
                if (!ids[0].SequenceEqual(ids[1]))
                    throw new InvalidOperationException("The stages give other tokens than one process.");
                if (round >= 0)
                    (times.Alone[round], times.Staged[round]) = (one, many);
            }

            double[] ratios = [.. times.Staged.Zip(times.Alone, (many, one) => many / one).Order()];
            Array.Sort(times.Alone);
            Array.Sort(times.Staged);
            int rows = tokens > 1 ? tokens : prompt * count;
            Console.WriteLine($"  {what,-22} one process {1e3 * times.Alone[Rounds / 2] / rows:0.000} ms, stages "
                + $"{1e3 * times.Staged[Rounds / 2] / rows:0.000} ms a {(tokens > 1 ? "step" : "row")}; "
                + $"ratio {ratios[Rounds / 2]:0.00} "
                + $"({ratios[0]:0.00} to {ratios[^1]:0.00})");
        }
    }

    private static EngineOptions Small =>
        new() { Pages = 1024, PrefixCache = false, StepTime = TimeSpan.FromSeconds(10), PrefillChunk = 256 };

    private static async Task<(double Seconds, int[] Ids)> TimeAsync(GenerationEngine engine, int count, int prompt, int tokens)
    {
        long start = Stopwatch.GetTimestamp();
        GenerationHandle[] handles = [.. Enumerable.Range(0, count).Select(i => engine.Submit(new GenerationRequest
        {
            Prompt = Enumerable.Range(0, prompt).Select(p => (7 * p + i) % 1000).ToArray(),
            MaxNewTokens = tokens,
            Sampling = SamplingOptions.Greedy,
        }))];
        GenerationResult[] results = await Task.WhenAll(handles.Select(handle => handle.Completion));
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, [.. results.SelectMany(result => result.Choices[0].TokenIds)]);
    }

    /// <summary>The folder of a model that is made for the run, with a tokenizer of as many ids.</summary>
    private static string Written(int layers)
    {
        string folder = Directory.CreateTempSubdirectory("seriatim-stages-").FullName;
        byte[] config = Encoding.UTF8.GetBytes($$"""
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 1000, "hidden_size": 576,
             "intermediate_size": 1536, "num_hidden_layers": {{layers}}, "num_attention_heads": 9, "num_key_value_heads": 3,
             "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000, "tie_word_embeddings": true}
            """);
        using Model model = Model.Create("config.json", config, new RandomSource(1));
        CheckpointWriter.Write(model, folder);
        var vocabulary = string.Join(", ", Enumerable.Range(0, 1000).Select(id => $"\"t{id}\": {id}"));
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), $$$"""
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
             "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
             "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
              "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "vocab": { {{{vocabulary}}} }, "merges": []}}
            """);
        return folder;
    }
}
