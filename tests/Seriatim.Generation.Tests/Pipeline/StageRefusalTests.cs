using Seriatim.Training;
using Seriatim.Training.Tests;

namespace Seriatim.Generation.Tests;

/// <summary>What cannot be cut, ranks that do not agree, and stages that end.</summary>
public sealed class StageRefusalTests
{
    private static readonly GenerationRequest Asked =
        new() { Prompt = new[] { 1, 2, 3, 4, 5 }, MaxNewTokens = 8, Sampling = SamplingOptions.Greedy };

    private static string Llama => StageTests.Golden("llama-gqa-tied");

    [Theory]
    [InlineData("marian", "a marian model cannot be cut", "encoder and a decoder")]
    [InlineData("roberta-mlm", "cannot be cut", "encoder")]
    [InlineData("reformer-lsh", "a reformer model cannot be cut", "reads whole sequences again")]
    [InlineData("cmlm", "cannot be cut", "encoder and a decoder")]
    [InlineData("gru", "2 stages are asked for", "has 1 layers")]
    public void What_cannot_be_cut_is_refused_by_name(string family, string what, string why)
    {
        string message = Refusal(Stages.Try(StageTests.Golden(family), 2, _ => { }));
        Assert.Contains(what, message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(why, message);
    }

    [Fact]
    public void More_stages_than_layers_are_refused_with_both_numbers() =>
        Assert.Contains("3 stages are asked for; this llama model has 2 layers", Refusal(Stages.Try(Llama, 3, _ => { })));

    [Theory]
    [InlineData(new[] { 1, 2 }, "1, 2 layers are 3 together; this llama model has 2")]
    [InlineData(new[] { 2, 0 }, "each stage needs 1 at least")]
    [InlineData(new[] { 1, 1, 1 }, "there are 2 processes")]
    public void Another_cut_than_the_model_has_layers_is_refused(int[] layers, string why) =>
        Assert.Contains(why, Refusal(Stages.Try(Llama, 2, _ => { }, options => options with { Layers = layers })));

    [SharedFact]
    public void Layers_that_read_the_keys_of_others_stay_with_them()
    {
        string folder = Shared.Path("golden", "gemma4_text");
        Assert.Contains("can be cut in 0 places", Refusal(Stages.Try(folder, 2, _ => { })));
        Assert.Contains("layer 2 reads the keys of layer 0",
            Refusal(Stages.Try(folder, 2, _ => { }, options => options with { Layers = [2, 2] })));
    }

    [Fact]
    public void Ranks_with_other_models_or_settings_are_refused_by_name()
    {
        string other = StageTests.Golden("qwen2");
        Exception?[] failures = Stages.Try(Llama, 2, _ => { }, folders: rank => rank == 0 ? Llama : other);
        Assert.All(failures, failure => Assert.IsType<ProcessGroupException>(failure, exactMatch: false));
        Assert.Contains("The 2 ranks cannot run one model together", failures[0]!.Message);
        Assert.Contains("rank 1 (thread-1) has (files): ", failures[0]!.Message);
        Assert.Contains("has storage: F32, Packed; rank 0 has AsStored, Packed",
            Refusal(Stages.Try(Llama, 2, _ => { }, storages: rank => rank == 0 ? WeightStorage.AsStored : WeightStorage.F32)));
    }

    /// <summary>One value of one layer, which no stage but its own reads, and rank 0 not at all.</summary>
    [Fact]
    public void Ranks_whose_weights_differ_in_one_value_are_refused()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            foreach (string file in Directory.GetFiles(Llama))
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            string weights = Path.Combine(folder, "model.safetensors");
            byte[] bytes = File.ReadAllBytes(weights);
            bytes[^3] ^= 1;
            File.WriteAllBytes(weights, bytes);
            Assert.Contains("(files)", Refusal(Stages.Try(Llama, 2, _ => { }, folders: rank => rank == 0 ? Llama : folder)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_rank_without_the_model_ends_all_with_its_words()
    {
        string nowhere = Path.Combine(Llama, "nowhere");
        Exception?[] failures = Stages.Try(Llama, 2, _ => { }, folders: rank => rank == 0 ? Llama : nowhere);
        Assert.Contains("rank 1 (thread-1) cannot start", failures[0]!.Message);
        Assert.Equal(failures[0]!.Message, failures[1]!.Message);
    }

    /// <summary>Nobody waits for ever, and nobody computes on with what is left.</summary>
    [Fact]
    public void A_stage_that_ends_ends_requests_with_an_error()
    {
        Exception?[] failures = Stages.Try(Llama, 2, staged =>
        {
            using var core = new EngineCore(staged, Runs.Roomy with { Pages = 64 });
            GenerationHandle good = core.Add(Asked);
            core.Step();
            Assert.False(good.Completion.IsCompleted);

            // A pass with pages that the stage does not have: what a defect or broken memory may do.
            staged.TellOnlyForTests(StageCommandKind.Pass, [7, 0, 0, 0]);
            core.Drain();
            var failure = Assert.ThrowsAny<Exception>(() => good.Result());
            Assert.Contains("The 2 stages of the model cannot go on", $"{failure}");
            GenerationHandle late = core.Add(Asked, 2);
            core.Drain();
            Assert.Contains("cannot go on", $"{Assert.ThrowsAny<Exception>(() => late.Result())}");
        });
        Assert.Null(failures[0]);
        Assert.NotNull(failures[1]);
    }

    [Fact]
    public void A_request_that_fails_here_leaves_the_stages_in_step()
    {
        using var whole = Model.Load(Llama);
        using var ops = CpuOps.Create(1);
        GenerationRequest good = Asked with { MaxNewTokens = 20 };
        GenerationResult expected = Runs.Alone(new LoadedModel(whole, ops), good);
        Stages.Run(Llama, 2, staged =>
        {
            using var core = new EngineCore(staged, Runs.Roomy with { Pages = 64 });
            GenerationHandle one = core.Add(good);
            core.Step();

            // The first run of rows is under way when the second is refused.
            long runs = staged.Runs;
            RaggedBatch bad = new RaggedBatchBuilder().Add([1, 2, 3]).Add([4, 5, 96 * 2]).Build();
            Assert.Throws<TokenOutOfRangeException>(() => staged.Forward(bad, null));
            Assert.Equal(runs + 2, staged.Runs);
            core.Drain();
            Runs.Equal(expected, one.Result(), "after a failure");
        });
    }

    private static string Refusal(Exception?[] failures)
    {
        Assert.All(failures, Assert.NotNull);
        return failures[0]!.Message;
    }
}
