using Seriatim.Server;

namespace Seriatim.Cluster.Tests;

/// <summary>Requests of an adapter run where it is, and nowhere else.</summary>
public sealed class AdapterTests
{
    private const string Base = """
        {"model": "tiny", "prompt": "the cat number", "max_tokens": 60, "stream": true, "ignore_eos": true, "seed": 3}
        """;

    private static readonly string Lora = Base.Replace("tiny", "lora", StringComparison.Ordinal);

    [Fact]
    public async Task An_adapter_that_both_have_runs_at_the_other_silo_and_goes_on_here()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(
            2, (_, inner) => new Link(inner) { BreaksAfter = 3 }, adapters: _ => 1);
        cluster.SendAway();
        string alone = await cluster.Alone.AskAsync("/v1/completions", Lora);
        Assert.NotEqual(await cluster.Alone.AskAsync("/v1/completions", Base), alone);
        Assert.Equal(alone, await cluster.First.AskAsync("/v1/completions", Lora));
        Assert.Equal(1, cluster.Silos[1].Link.Started);
        Assert.True(cluster.Silos[1].Link.IsBroken);
    }

    /// <summary>The adapter is missing there, or is another one of that name; the model as it is is shared.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public async Task An_adapter_is_run_by_no_silo_that_lacks_it_or_has_another_one(int? other)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2, adapters: silo => silo == 0 ? 1 : other);
        cluster.SendAway();
        string alone = await cluster.Alone.AskAsync("/v1/completions", Lora);
        Assert.Equal(alone, await cluster.First.AskAsync("/v1/completions", Lora));
        Assert.Equal(0, cluster.Silos[1].Link.Started);
        Assert.Equal(
            await cluster.Alone.AskAsync("/v1/completions", Base), await cluster.First.AskAsync("/v1/completions", Base));
        Assert.Equal(1, cluster.Silos[1].Link.Started);

        // Asked all the same, as by a door whose report is old, it refuses.
        ServedModel lora = cluster.First.Core.Models.TryFind("lora")!;
        RunReceipt receipt = await cluster.Silos[1].Replica.StartAsync(new RunOrder
        {
            Model = "lora",
            Fingerprint = ModelIdentity.Of(lora.Opened!, "lora"),
            Door = "x",
        });
        Assert.Equal(other is null ? RunAnswer.NoModel : RunAnswer.OtherModel, receipt.Answer);
    }
}
