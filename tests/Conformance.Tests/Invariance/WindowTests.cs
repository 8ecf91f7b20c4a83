using System.Text;

namespace Seriatim.Conformance.Tests;

/// <summary>
/// What a window with sinks means: the rows that are seen stand beside each other, sinks first (Xiao et al., 2023).
/// </summary>
public sealed class WindowTests
{
    private const int Sinks = 3;
    private const int Size = 9;

    public static TheoryData<string, string> OneLayer => new()
    {
        {
            "rotary", """
            {"architectures": ["LlamaForCausalLM"], "vocab_size": 61, "hidden_size": 40, "intermediate_size": 56, "num_hidden_layers": 1,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 12, "max_position_embeddings": 12, "rope_theta": 100}
            """
        },
        { "ALiBi",
            """{"architectures": ["BloomForCausalLM"], "vocab_size": 61, "hidden_size": 36, "n_head": 3, "n_layer": 1}""" },
    };

    /// <summary>
    /// In one layer a row is a function of the embeddings it sees, so it must be what a plain pass over sinks and window
    /// gives. The model's context is just that long.
    /// </summary>
    [Theory]
    [MemberData(nameof(OneLayer))]
    public void OneLayerSeesSinksAndWindowSideBySide(string name, string config)
    {
        using Model model = Model.Create(name, Encoding.UTF8.GetBytes(config), new RandomSource(7));
        IOps ops = OpsUnderTest.Get("cpu-512");
        int[] text = TinyModels.Tokens(3, 200);
        using var session = new Session(model, ops, 4, new SequenceTerms { DeclaredLength = 200, Window = new(Size, Sinks) });
        float[][] streamed = session.Feed(text);
        foreach (int last in (int[])[5, 11, 12, 40, 199])
        {
            int[] seen = last < Size + Sinks ? text[..(last + 1)] : [.. text[..Sinks], .. text[(last + 1 - Size)..(last + 1)]];
            using Tensor hidden = model.Forward(ops, new RaggedBatchBuilder().Add(seen).Build());
            using Tensor logits = model.Project(ops, hidden);
            float[] expected = logits.Row(seen.Length - 1).ToArray();
            for (int id = 0; id < expected.Length; id++)
            {
                Assert.True(Math.Abs(expected[id] - streamed[last][id]) < 1e-4f,
                    $"{name}, row {last}, id {id}: {streamed[last][id]}, expected {expected[id]}");
            }
        }
    }

    /// <summary>As long as everything fits into the window, nothing has changed, to the bit.</summary>
    [Theory]
    [InlineData("llama")]
    [InlineData("llama-dynamic")]
    [InlineData("llama-yarn")]
    [InlineData("phi3")]
    [InlineData("gemma2")]
    [InlineData("bloom")]
    public void AWindowThatHoldsTheWholeSequenceChangesNothing(string name)
    {
        using Model model = TinyModels.Make(name);
        IOps ops = OpsUnderTest.Get("cpu-512");
        int[] text = TinyModels.Tokens(3, 60);
        using var plain = new Session(model, ops, 4, 60);
        using var windowed = new Session(model, ops, 4, new SequenceTerms { DeclaredLength = 60, Window = new(57, 3) });
        Bits.Equal(plain.Feed(text), windowed.Feed(text), name);
    }

    /// <summary>Rotary positions by request are those by config, to the bit.</summary>
    [Theory]
    [InlineData("""{"rope_type": "linear", "factor": 3.0}""", "linear")]
    [InlineData("""{"rope_type": "dynamic", "factor": 2.0, "original_max_position_embeddings": 24}""", "dynamic")]
    [InlineData("""{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}""", "yarn")]
    public void RotaryPositionsByRequestAreThoseByConfig(string section, string kind)
    {
        const string Plain = """
            {"architectures": ["LlamaForCausalLM"], "vocab_size": 61, "hidden_size": 40, "intermediate_size": 56, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 12, "max_position_embeddings": 128
            """;
        RopeScaling scaling = kind switch
        {
            "linear" => new RopeScaling.Linear(3),
            "dynamic" => new RopeScaling.DynamicNtk(2, 24),
            _ => new RopeScaling.Yarn(4, 32, 32, 1, RopeScaling.Yarn.DefaultAttentionFactor(4)),
        };
        IOps ops = OpsUnderTest.Get("cpu-512");
        int[] text = TinyModels.Tokens(3, 60);
        using Model byConfig = Create(Plain + $", \"rope_scaling\": {section}}}");
        using Model byRequest = Create(Plain + "}");
        using var expected = new Session(byConfig, ops, 4, 60);
        using var made = new Session(byRequest, ops, 4,
            new SequenceTerms { DeclaredLength = 60, Rope = new RopeChange(scaling) });
        Bits.Equal(expected.Feed(text), made.Feed(text), kind);
    }

    [Fact]
    public void NtkIsALargerBase()
    {
        using Model larger = Create(LargerBase(10000 * Math.Pow(4, 12 / 10.0)));
        using Model plain = Create(LargerBase(10000));
        IOps ops = OpsUnderTest.Get("cpu-512");
        int[] text = TinyModels.Tokens(3, 60);
        using var expected = new Session(larger, ops, 4, 60);
        using var made = new Session(plain, ops, 4,
            new SequenceTerms { DeclaredLength = 60, Rope = new RopeChange(new RopeScaling.Ntk(4)) });
        Bits.Equal(expected.Feed(text), made.Feed(text), "ntk");
        using var byTheta = new Session(plain, ops, 4,
            new SequenceTerms { DeclaredLength = 60, Rope = new RopeChange(null, 10000 * Math.Pow(4, 12 / 10.0)) });
        using var again = new Session(larger, ops, 4, 60);
        Bits.Equal(again.Feed(text), byTheta.Feed(text), "theta");
    }

    [Theory]
    [InlineData("gpt2", 7, 3, "Window.Size")]
    [InlineData("opt", 7, 3, "Window.Size")]
    [InlineData("bart", 7, 3, "Window.Size")]
    [InlineData("llama", 0, 3, "Window.Size")]
    [InlineData("llama", 7, -1, "Window.Sinks")]
    [InlineData("llama", 126, 3, "Window.Size")]
    [InlineData("llama", int.MaxValue, int.MaxValue, "Window.Size")]
    [InlineData("mistral", 6, 0, "Window.Size")]
    [InlineData("mamba", 7, 3, "Window.Size")]
    [InlineData("jamba", 7, 3, "Window.Size")]
    public void WindowsThatAModelCannotHaveAreRefused(string name, int size, int sinks, string term)
    {
        using Model model = TinyModels.Make(name);
        var terms = new SequenceTerms { DeclaredLength = 20, Window = new(size, sinks) };
        Assert.Equal(term, Assert.Throws<SequenceTermsException>(() => model.LimitsOf(terms)).Term);
        RaggedBatch batch = new RaggedBatchBuilder().Add([1, 2], terms: terms).Build();
        if (model.Spec.Encoder is null)
            Assert.Throws<SequenceTermsException>(() => model.Forward(OpsUnderTest.Get("cpu-512"), batch));
    }

    [Fact]
    public void RotaryPositionsThatAModelCannotHaveAreRefused()
    {
        using Model llama = TinyModels.Make("llama");
        foreach (RopeChange change in (RopeChange[])
            [
                new(new RopeScaling.Linear(0.5)), new(new RopeScaling.Ntk(double.NaN)), new(new RopeScaling.DynamicNtk(2, 0)),
                new(new RopeScaling.Yarn(2, 10, 1, 32, 1)), new(new RopeScaling.Yarn(2, 10, 32, 1, 0)), new(null, 0),
                new(null, double.NaN), new(new RopeScaling.LongRope([1], [1], 10, 1)),
            ])
            Assert.StartsWith("Rope.",
                Assert.Throws<SequenceTermsException>(() => llama.LimitsOf(new SequenceTerms { Rope = change })).Term);
        using Model bloom = TinyModels.Make("bloom");
        Assert.Throws<SequenceTermsException>(() => bloom.LimitsOf(new SequenceTerms { Rope = new RopeChange(null, 500) }));
    }

    [Fact]
    public void TheContextFollowsFromTheScaling()
    {
        using Model model = TinyModels.Make("llama");
        int ContextOf(RopeScaling? scaling) => model.LimitsOf(new SequenceTerms { Rope = new RopeChange(scaling) }).Context;
        Assert.Equal(128, ContextOf(null));
        Assert.Equal(512, ContextOf(new RopeScaling.Linear(4)));
        Assert.Equal(192, ContextOf(new RopeScaling.Ntk(1.5)));
        Assert.Equal(int.MaxValue, ContextOf(new RopeScaling.DynamicNtk(2, 128)));
        Assert.Equal(400, ContextOf(new RopeScaling.Yarn(4, 100, 32, 1, 1)));
    }

    private static string LargerBase(double theta) => """
        {"architectures": ["LlamaForCausalLM"], "vocab_size": 61, "hidden_size": 40, "intermediate_size": 56, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 12, "max_position_embeddings": 128
        """ + FormattableString.Invariant($", \"rope_theta\": {theta:R}}}");

    private static Model Create(string config) => Model.Create("config", Encoding.UTF8.GetBytes(config), new RandomSource(7));
}
