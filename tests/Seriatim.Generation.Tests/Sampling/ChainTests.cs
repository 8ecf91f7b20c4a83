namespace Seriatim.Generation.Tests;

/// <summary>The state of a sequence's processors: choosing changes nothing, accepting does, copies go their own ways.</summary>
public sealed class ChainTests
{
    private const int Vocabulary = 200;
    private static readonly SamplingOptions Mirostat = new() { Mirostat = new(Tau: 2, Eta: 0.7f) };

    [Fact]
    public void ChoosingTwiceIsChoosingOnce()
    {
        (SamplerChain once, SamplerChain twice) = (Chain(Mirostat), Chain(Mirostat));
        (List<int> first, List<int> second) = ([1], [1]);
        for (int step = 0; step < 50; step++)
        {
            Take(once, first);
            twice.Choose(Row(second));
            Take(twice, second);
        }

        Assert.Equal(first, second);
    }

    [Fact]
    public void ACopyGoesItsOwnWay()
    {
        SamplerChain chain = Chain(Mirostat);
        List<int> tokens = [1];
        for (int step = 0; step < 10; step++)
            Take(chain, tokens);
        byte[] before = chain.Save()["mirostat"];
        SamplerChain copy = chain.Copy();
        List<int> copied = [.. tokens];
        for (int step = 0; step < 10; step++)
            Take(copy, copied);
        Assert.Equal(before, chain.Save()["mirostat"]);
        Assert.NotEqual(before, copy.Save()["mirostat"]);
        for (int step = 0; step < 10; step++)
            Take(chain, tokens);
        Assert.Equal(copied, tokens);
    }

    [Fact]
    public void ChainsWithoutStateAreShared()
    {
        SamplerChain chain = Chain(new() { Temperature = 0.5f, TopK = 5, TypicalP = 0.9f, Penalties = new() { Dry = new() } });
        Assert.False(chain.HasState);
        Assert.Same(chain, chain.Copy());
        Assert.Empty(chain.Save());
        Assert.True(Chain(Mirostat).HasState);
    }

    [Fact]
    public void ASavedStateGoesOnWhereItWas()
    {
        SamplerChain chain = Chain(Mirostat);
        List<int> tokens = [1];
        for (int step = 0; step < 20; step++)
            Take(chain, tokens);
        SamplerChain restored = Chain(Mirostat);
        restored.Restore(chain.Save(), tokens.ToArray().AsSpan(1));
        List<int> others = [.. tokens];
        for (int step = 0; step < 20; step++)
        {
            Take(chain, tokens);
            Take(restored, others);
        }

        Assert.Equal(tokens, others);
    }

    [Fact]
    public void ATokenThatWasNotChosenTeachesNothing()
    {
        SamplerChain chain = Chain(Mirostat);
        byte[] before = chain.Save()["mirostat"];
        chain.Accept(3);
        Assert.Equal(before, chain.Save()["mirostat"]);
        int chosen = chain.Choose(Row([1]));
        chain.Accept((chosen + 1) % Vocabulary);
        Assert.Equal(before, chain.Save()["mirostat"]);
    }

    [Fact]
    public void StatesThatAreNoneAreRefusedByName()
    {
        void Refused(string part, Dictionary<string, byte[]> saved, int newTokens = 1) => Assert.Contains(part,
            Assert.Throws<InvalidOptionException>(() => Chain(Mirostat).Restore(saved, new int[newTokens])).Message);
        Refused("microstat", new() { ["mirostat"] = new byte[8], ["microstat"] = [] });
        Refused("mirostat#2", new() { ["mirostat"] = new byte[8], ["mirostat#2"] = new byte[8] });
        Refused("7 bytes", new() { ["mirostat"] = new byte[7] });
        Refused("NaN", new() { ["mirostat"] = BitConverter.GetBytes(double.NaN) });
        Refused("mirostat saved is missing", []);
        Chain(Mirostat).Restore(new Dictionary<string, byte[]>(), []);
        var none = new SamplerChain(new() { Prompt = new[] { 1 } }, [], 100, Vocabulary);
        Assert.Contains("no processors", Assert.Throws<InvalidOptionException>(
            () => none.Restore(new Dictionary<string, byte[]> { ["mirostat"] = new byte[8] }, [])).Message);
    }

    private static SamplerChain Chain(SamplingOptions sampling) =>
        new(new GenerationRequest { Prompt = new[] { 1 }, Sampling = sampling }, [], 100, Vocabulary);

    private static void Take(SamplerChain chain, List<int> tokens)
    {
        int token = chain.Choose(Row(tokens));
        tokens.Add(token);
        chain.Accept(token);
    }

    private static LogitsRow Row(List<int> tokens)
    {
        var random = new Random(tokens.Count);
        var row = new LogitsRow(Vocabulary) { Tokens = tokens, PromptLength = 1, Seed = 5 };
        row.Load([.. Enumerable.Range(0, Vocabulary).Select(_ => (float)(random.NextDouble() * 6))]);
        return row;
    }
}
