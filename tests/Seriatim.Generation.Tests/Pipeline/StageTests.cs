using System.Text.Json;
using System.Text.Json.Nodes;

namespace Seriatim.Generation.Tests;

/// <summary>
/// A model whose layers are in several processes gives the bits of one process: tokens, scores and log-probabilities of mixed
/// requests, in little memory, with chunks of prompts, shared prefixes and drafts.
/// </summary>
public sealed class StageTests
{
    /// <summary>Little room: requests are preempted, prompts come in pieces, steps are cut into runs.</summary>
    private static EngineOptions Tight(int context) => new()
    {
        Pages = context < 64 ? 30 : context < 96 ? 42 : 60,
        PageSize = 4,
        States = 20,
        TokenBudget = 24,
        MaxSequences = 12,
    };

    public static TheoryData<string, int> Kept => new()
    {
        { "llama-gqa-tied", 2 }, { "gpt2-train", 2 }, { "gemma2", 2 }, { "bloom", 2 }, { "opt", 2 }, { "mixtral-train", 2 },
        { "phi3-longrope", 2 }, { "mistral-swa", 2 }, { "jamba", 2 }, { "jamba", 4 }, { "mamba2", 2 }, { "retnet", 2 },
        { "lstm", 2 },
    };

    [Theory]
    [MemberData(nameof(Kept))]
    public void Stages_give_the_bits_of_one_process(string family, int stages) => Compare(Golden(family), stages, 40);

    [SharedTheory]
    [InlineData("llama4_text", 4)]
    [InlineData("gpt_oss", 4)]
    [InlineData("gpt_oss-mxfp4", 2)]
    [InlineData("deepseek_v3", 3)]
    [InlineData("qwen3_next", 3)]
    [InlineData("falcon_h1", 2)]
    [InlineData("lfm2", 4)]
    [InlineData("granitemoehybrid", 3)]
    [InlineData("opt-postnorm-proj", 2)]
    [InlineData("llama-rope-dynamic", 2)]
    [InlineData("gemma3-nested", 4)]
    [InlineData("gguf/tiny-q4_k_m.gguf", 2)]
    [InlineData("gguf/tiny-f16.gguf", 2)]
    public void So_do_other_families_and_files(string family, int stages) => Compare(Shared.Path("golden", family), stages, 25);

    [SharedTheory]
    [InlineData(2, null)]
    [InlineData(4, null)]
    [InlineData(5, null)]
    [InlineData(2, "4 1")]
    [InlineData(2, "1 4")]
    [InlineData(3, "1 3 1")]
    public void The_stories_are_told_alike_wherever_they_are_cut(int stages, string? layers) =>
        Compare(Shared.Path("models", "stories260K"), stages, 60, layers?.Split(' ').Select(int.Parse).ToArray());

    /// <summary>What each layer is given of the tokens directly goes from stage to stage beside the stream.</summary>
    [SharedFact]
    public void Inputs_of_single_layers_pass_the_stages()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            JsonObject config = JsonNode.Parse(File.ReadAllText(Shared.Path("golden", "gemma4_text", "config.json")))!.AsObject();
            config["num_kv_shared_layers"] = 0;
            byte[] json = JsonSerializer.SerializeToUtf8Bytes(config);
            using (Model made = Model.Create("config.json", json, new RandomSource(3)))
                CheckpointWriter.Write(made, folder);
            Compare(folder, 2, 30);
            Compare(folder, 4, 30);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// Drafts that branch are verified as a tree, and what is accepted of them moves together in the pages of all stages.
    /// </summary>
    [Fact]
    public void Drafts_that_branch_pass_the_stages()
    {
        string folder = Golden("llama-gqa-tied");
        var random = new Random(2);
        GenerationRequest[] requests = [.. Enumerable.Range(0, 12).Select(i => new GenerationRequest
        {
            // After 7 8 there came different things.
            Prompt = (int[])[.. Enumerable.Range(0, 30).Select(p => p % 5 < 2 ? 7 + p % 5 : random.Next(96)), 7, 8],
            MaxNewTokens = 30,
            Seed = (ulong)i,
            Sampling = new() { Temperature = 0.6f, TopK = 3 },
            Logprobs = 1,
            Speculation = new() { MaxTokens = 8, Branches = 3, MaxNgram = 2, Always = true },
        })];
        using var whole = Model.Load(folder);
        using var ops = CpuOps.Create(1);
        EngineOptions options = Runs.Roomy with { MaxSequences = 8 };
        (GenerationResult[] expected, _) = Stages.Results(new LoadedModel(whole, ops), options, requests);
        Stages.Run(folder, 2, staged =>
        {
            var trees = new TreeCount(staged);
            (GenerationResult[] actual, _) = Stages.Results(trees, options, requests);
            for (int i = 0; i < requests.Length; i++)
                Runs.Equal(expected[i], actual[i], $"request {i}");
            Assert.True(trees.Branching > 20, $"{trees.Branching} trees");
        });
    }

    private sealed class TreeCount(IGenerationModel inner) : DelegatingModel(inner)
    {
        public int Branching { get; private set; }

        public override Tensor Forward(RaggedBatch batch, Tensor? encoded)
        {
            Branching += batch.Segments.Count(
                segment => segment.Parents is { } parents && parents.Distinct().Count() < parents.Length);
            return base.Forward(batch, encoded);
        }
    }

    internal static string Golden(string family)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Seriatim.slnx")))
                return Path.Combine(folder.FullName, "tests", "golden", family);
        }

        throw new InvalidOperationException("The tests run outside of the repository.");
    }

    private static void Compare(string folder, int stages, int count, int[]? layers = null)
    {
        using var whole = Model.Load(folder);
        using var ops = CpuOps.Create(1);
        var alone = new LoadedModel(whole, ops);
        int longest = Math.Min(60, whole.Spec.Context / 3);
        GenerationRequest[] requests = [.. Mixture.Requests(count, 5, alone.VocabularySize, longest: longest)
            .Select(request => request.Prompt.Length + request.MaxNewTokens <= whole.Spec.Context ? request : request with
            {
                Prompt = request.Prompt[..Math.Min(longest, request.Prompt.Length)],
                MaxNewTokens = whole.Spec.Context / 3,
            })];
        EngineOptions tight = Tight(whole.Spec.Context);
        (GenerationResult[] expected, EngineStatistics statistics) = Stages.Results(alone, tight, requests);

        // The check would be worth nothing without what may go wrong.
        // A model that sees little needs little room.
        bool isNarrow = whole.Spec.Last.Layers.All(layer => layer.Mixer is MixerSpec.Attention { Window: > 0 });
        Assert.True(statistics.Preemptions > 0 || isNarrow, "nothing was preempted");
        Assert.True(statistics.PrefixHits > 0, "no prefix was shared");
        long weights = 0;
        Stages.Run(folder, stages, staged =>
        {
            (GenerationResult[] actual, EngineStatistics own) = Stages.Results(staged, tight, requests);
            for (int i = 0; i < requests.Length; i++)
                Runs.Equal(expected[i], actual[i], $"request {i}");
            Assert.True((own.Preemptions > 0 || isNarrow) && own.PrefixHits > 0, $"{own}");
            Assert.True(staged.Runs > staged.Passes, "no step was cut");
            Assert.Equal(whole.Fingerprint, staged.FingerprintOf(null));
            IReadOnlyList<StageReport> reports = staged.Report();
            Assert.Equal(Enumerable.Range(0, stages), reports.Select(report => report.Stage));
            Assert.All(reports, report => Assert.True(report.WeightBytes < whole.WeightBytes && report.ResidentBytes > 0));
            weights = reports.Sum(report => report.WeightBytes);
        }, options => options with { Layers = layers });

        // Each weight is in one stage and in no other.
        Assert.Equal(whole.WeightBytes, weights);
    }
}
