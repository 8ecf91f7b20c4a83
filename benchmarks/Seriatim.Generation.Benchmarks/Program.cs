using System.Diagnostics;
using System.Text;
using Seriatim.Generation;
using Seriatim.Generation.Benchmarks;
using Seriatim.Models;
using Seriatim.Tensors;

// What generation costs: the curves of docs/guide/generation.md. Weights are random; the shape is that of a 135M-parameter model.
// Usage: dotnet run -c Release --project benchmarks/Seriatim.Generation.Benchmarks [-- [--threads N] [layers, default 30]]
// With --engine only the engine's own work between two steps of 64 sequences is measured.
// With --masks [NAME] only the masks of grammars over 128,256 tokens are measured (of grammars whose names have NAME in them).
// With --sampling only the choice of a token out of 128,256 is measured. With --model FOLDER --draft FOLDER only what speculation
// gains is measured, with these trained models. With --stages, under mpirun -np 2 (or more), what stages
// in several processes cost: mpirun -np 2 dotnet FOLDER/Seriatim.Generation.Benchmarks.dll --stages --threads 1 12.
// With --translation FOLDER --texts FILE [--q8 or --stored] only where the time of 200 lines goes, with --embeddings that of 200 embeddings.
int threads = Environment.ProcessorCount;
int layers = 30;
string? folder = null;
string? draftFolder = null;
bool sampling = false;
bool embeddings = false;
bool own = false;
bool stages = false;
bool masks = false;
string? maskNames = null;
string? translator = null;
string? texts = null;
WeightStorage storage = WeightStorage.F32;
for (int i = 0; i < args.Length; i++)
{
    if (args[i] == "--threads" && i + 1 < args.Length && int.TryParse(args[i + 1], out threads) && threads > 0)
        i++;
    else if (args[i] == "--model" && i + 1 < args.Length)
        folder = args[++i];
    else if (args[i] == "--draft" && i + 1 < args.Length)
        draftFolder = args[++i];
    else if (args[i] == "--translation" && i + 1 < args.Length)
        translator = args[++i];
    else if (args[i] == "--texts" && i + 1 < args.Length)
        texts = args[++i];
    else if (args[i] == "--q8")
        storage = WeightStorage.Q8;
    else if (args[i] == "--stored")
        storage = WeightStorage.AsStored;
    else if (args[i] == "--embeddings")
        embeddings = true;
    else if (args[i] == "--sampling")
        sampling = true;
    else if (args[i] == "--engine")
        own = true;
    else if (args[i] == "--stages")
        stages = true;
    else if (args[i] == "--masks")
    {
        masks = true;
        if (i + 1 < args.Length && !args[i + 1].StartsWith('-'))
            maskNames = args[++i];
    }
    else if (!int.TryParse(args[i], out layers) || layers < 1)
    {
        Console.Error.WriteLine(
            $"'{args[i]}' is neither --threads N, --engine, --stages, --masks [NAME], --sampling, --model FOLDER, "
                + "--draft FOLDER, --embeddings, --translation FOLDER, --texts FILE, --q8, --stored nor a number of layers.");
        return 2;
    }
}

if (masks)
{
    MaskCost.Run(maskNames);
    return 0;
}

if (embeddings)
{
    await EmbeddingCost.RunAsync(threads);
    return 0;
}

if (stages)
{
    await StageCost.RunAsync(threads, layers);
    return 0;
}

if (own)
{
    await EngineCost.RunAsync(threads);
    return 0;
}

if (sampling)
{
    await SamplingCost.RunAsync(threads);
    return 0;
}

if (translator is not null || texts is not null)
{
    if (translator is null || texts is null)
    {
        Console.Error.WriteLine("--translation FOLDER and --texts FILE belong together.");
        return 2;
    }

    await TranslationCost.RunAsync(translator, texts, threads, storage);
    return 0;
}

if (folder is not null || draftFolder is not null)
{
    if (folder is null || draftFolder is null)
    {
        Console.Error.WriteLine("--model FOLDER and --draft FOLDER belong together.");
        return 2;
    }

    await SpeculationCost.RunAsync(folder, draftFolder, threads);
    return 0;
}

string config = $$"""
    {
      "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": 576, "intermediate_size": 1536,
      "num_hidden_layers": {{layers}}, "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152,
      "max_position_embeddings": 8192, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true
    }
    """;
using Model model = Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(1));
IOps ops = CpuOps.Create(threads);
var loaded = new LoadedModel(model, ops);
Console.WriteLine($"{model.ParameterCount / 1e6:F0}M parameters, {model.WeightBytes / 1e6:F0} MB, {threads} threads");
await Complete(Request(8, 4), 1);
Recomputing();
await Throughput();
await Beams();
await Speculation();
await FirstToken();
return 0;

GenerationRequest Request(int prompt, int count, int seed = 0) => new()
{
    Prompt = Enumerable.Range(0, prompt).Select(i => (i * 7919 + seed * 104729) % 49152).ToArray(),
    MaxNewTokens = count,
    Seed = (ulong)seed,
    UsePrefixCache = false,
};

async Task<(double Seconds, GenerationResult[] Results)> Complete(GenerationRequest request, int copies,
    EngineOptions? options = null)
{
    using var engine = new GenerationEngine(loaded, options ?? new EngineOptions { Pages = 2048 });
    var watch = Stopwatch.StartNew();
    Task<GenerationResult>[] tasks = [.. Enumerable.Range(0, copies)
        .Select(i => engine.CompleteAsync(request with { Seed = (ulong)i }))];
    GenerationResult[] results = await Task.WhenAll(tasks);
    return (watch.Elapsed.TotalSeconds, results);
}

void Recomputing()
{
    Console.WriteLine("\ntokens | with cache: rows, seconds | without: rows, seconds");
    foreach (int count in (int[])[8, 16, 32, 64])
    {
        (double cached, GenerationResult[] results) = Complete(Request(8, count), 1).Result;
        var watch = Stopwatch.StartNew();
        int rows = 0;
        for (int length = 8; length < 8 + count; length++)
        {
            RaggedBatch batch = new RaggedBatchBuilder().Add(new int[length]).Build();
            using Tensor hidden = model.Forward(ops, batch);
            using Tensor logits = model.Project(ops, hidden, batch.OutputRows);
            rows += length;
        }

        Console.WriteLine(
            $"{count,6} | {results[0].Usage.ForwardRows,6} {cached,8:F2} | {rows,6} {watch.Elapsed.TotalSeconds,8:F2}");
    }
}

async Task Throughput()
{
    Console.WriteLine("\nsequences | tokens/s in all | of one");
    foreach (int sequences in (int[])[1, 2, 4, 8, 16, 32])
    {
        const int Count = 24;
        (double seconds, _) = await Complete(Request(8, Count), sequences);
        Console.WriteLine($"{sequences,9} | {sequences * Count / seconds,15:F1} | {Count / seconds,6:F1}");
    }
}

async Task Beams()
{
    (double plain, _) = await Complete(Request(64, 24) with { Count = 4 }, 1);
    (double beam, _) = await Complete(Request(64, 24) with { Beam = new() { Beams = 4 } }, 1);
    (double separate, _) = await Complete(Request(64, 24), 4);
    Console.WriteLine(
        $"\nprompt 64, 24 new tokens: 4 requests {separate:F2} s; 4 samples of one request {plain:F2} s; beam 4 {beam:F2} s");
}

async Task Speculation()
{
    Console.WriteLine("\nspeculation (prompt lookup) | seconds plain | with | accepted / drafted");
    foreach ((string name, SamplingOptions choice) in new[]
    {
        ("greedy, repeats itself", SamplingOptions.Greedy), ("temperature 1, random", new())
    })
    {
        GenerationRequest request = Request(32, 64) with { Sampling = choice };
        (double plain, _) = await Complete(request, 1);
        (double fast, GenerationResult[] results) = await Complete(request with { Speculation = new() }, 1);
        Console.WriteLine(
            $"{name,-27} | {plain,13:F2} | {fast,4:F2} | {results[0].Usage.AcceptedTokens} / {results[0].Usage.DraftTokens}");
    }
}

async Task FirstToken()
{
    Console.WriteLine("\nfirst token of an 8-token prompt | seconds");
    (_, GenerationResult[] alone) = await Complete(Request(8, 1), 1);
    Console.WriteLine($"alone                            | {alone[0].Timings.FirstToken!.Value.TotalSeconds:F3}");
    foreach (int budget in (int[])[512, 128, 32])
    {
        using var engine = new GenerationEngine(loaded,
            new EngineOptions { Pages = 2048, TokenBudget = budget, MaxSequences = 8 });
        Task<GenerationResult> large = engine.CompleteAsync(Request(3000, 1));
        await Task.Delay(500);
        GenerationResult small = await engine.CompleteAsync(Request(8, 1));
        GenerationResult read = await large;
        Console.WriteLine($"3000-token prompt, budget {budget,4}   | {small.Timings.FirstToken!.Value.TotalSeconds:F3} (the long "
            + $"one: {read.Timings.FirstToken!.Value.TotalSeconds:F1})");
    }
}
