using Seriatim.Generation;
using Seriatim.Tensors;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>How much memory sequences get where nobody says it.</summary>
public sealed class SequenceMemoryTests
{
    [Theory]
    [InlineData(256, 64, 8 * 512, 64L * 256 * 8 * 512)] // all that all sequences can have
    [InlineData(8192, 64, 46080, 512L << 20)] // bounded
    [InlineData(16384, 64, 46080, 16384L * 46080)] // one whole context in any case
    [InlineData(131072, 64, 65536, 1L << 30)] // as far as the options' own bound goes
    public void It_is_what_all_can_use_within_bounds(int context, int sequences, long each, long expected)
    {
        var engine = new EngineOptions { MaxSequences = sequences };
        Assert.Equal(expected, SequenceMemory.Fit(engine, new Sized(each), context).MemoryBytes);
    }

    [Fact]
    public void What_was_said_stays()
    {
        foreach (EngineOptions said in new EngineOptions[]
            { new() { Pages = 7 }, new() { MemoryBytes = 3 << 20 }, new() { States = 4 } })
            Assert.Equal(said, SequenceMemory.Fit(said, new Sized(64), 128));
        Assert.Equal(1L << 30, SequenceMemory.Fit(new EngineOptions(), new Sized(0), int.MaxValue).MemoryBytes);
        Assert.Equal(1L << 30, SequenceMemory.Fit(new EngineOptions(), new Sized(64), int.MaxValue).MemoryBytes);
    }

    [Fact]
    public async Task A_served_model_takes_no_more()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
            options.Models[0] = options.Models[0] with { Options = new() });
        await server.AskAsync("/v1/completions", """{"prompt": "the cat", "max_tokens": 1}""");
        Assert.InRange(server.Core.Models.Host.MemoryInUse, 1, 64 << 20);
    }

    private sealed class Sized(long each) : DelegatingModel(null!)
    {
        public override long BytesPerPosition(KeyValueType type) => each;

        public override long BytesPerState => 0;
    }
}
