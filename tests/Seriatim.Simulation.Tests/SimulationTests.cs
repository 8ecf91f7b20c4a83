using System.Text.Json;

namespace Seriatim.Simulation.Tests;

/// <summary>
/// Clusters that are simulated: nothing is lost, nothing is counted twice, and everything happens again in the same way.
/// </summary>
public sealed class SimulationTests
{
    public static TheoryData<ClusterRouting> Routings => [.. Enum.GetValues<ClusterRouting>()];

    [Theory]
    [MemberData(nameof(Routings))]
    public void Every_request_ends_once_and_no_token_is_lost(ClusterRouting routing)
    {
        Trace trace = Chats();
        var ended = new List<int>();
        ClusterOutcome outcome = ClusterSimulation.Run(trace, Four(routing), ended: stream =>
        {
            ended.Add(stream.Number);
            Assert.Equal(stream.Request.Output, stream.Tokens);
        });
        Assert.Equal(Enumerable.Range(0, trace.Requests.Count), ended.Order());
        Assert.Equal((trace.Requests.Count, 0, 0), (outcome.Completed, outcome.Refused, outcome.NotSent));
        Assert.Equal(trace.Requests.Sum(one => (long)one.Output), outcome.NewTokens);
        Assert.Equal(trace.Requests.Sum(one => (long)one.Length), outcome.PromptTokens);

        // Each row is a token of a prompt that was not cached, or of an answer but its last: none is computed twice.
        Assert.Equal(0, outcome.Preemptions);
        Assert.Equal(outcome.PromptTokens - outcome.CachedTokens + outcome.NewTokens - outcome.Completed, outcome.Rows);
    }

    [Fact]
    public void The_same_seed_gives_the_same_outcome_and_another_one_another()
    {
        ClusterPlan plan = Four(ClusterRouting.Prefix) with { KillSeconds = 15, FreezeSeconds = 20, RestartSeconds = 5 };
        string first = Text(ClusterSimulation.Run(Chats(), plan));
        Assert.Equal(first, Text(ClusterSimulation.Run(Chats(), plan)));
        Assert.NotEqual(first, Text(ClusterSimulation.Run(Chats(), plan with { Seed = 2 })));
        Assert.NotEqual(first, Text(ClusterSimulation.Run(Chats(seed: 2), plan)));
    }

    /// <summary>What the routing is for, counted: the conversations find what they have said where it was computed.</summary>
    [Fact]
    public void Requests_that_go_to_their_prefix_find_more_and_begin_sooner()
    {
        ClusterOutcome[] outcomes = [.. Enum.GetValues<ClusterRouting>().Select(routing =>
            ClusterSimulation.Run(Chats(requests: 600, rate: 60), Four(routing)))];
        ClusterOutcome prefix = outcomes[0];
        Assert.All(outcomes[1..], other =>
        {
            Assert.True(prefix.HitRate > other.HitRate + 0.1, $"{prefix.HitRate} and {other.Routing} {other.HitRate}");
            Assert.True(prefix.FirstToken.Median < other.FirstToken.Median);
            Assert.True(prefix.BusySecondsPerThousandTokens < other.BusySecondsPerThousandTokens);
        });
    }

    /// <summary>
    /// Replicas are killed and frozen all the time: every request has its whole answer, and what that cost is counted.
    /// </summary>
    [Fact]
    public void No_stream_is_lost_when_replicas_are()
    {
        Trace trace = Chats(requests: 1200, rate: 50);
        ClusterPlan plan = Four(ClusterRouting.Prefix) with
        {
            KillSeconds = 4,
            RestartSeconds = 4,
            FreezeSeconds = 4,
            FrozenSeconds = 3,
        };
        (long cached, int moved) = (0, 0);
        ClusterOutcome outcome = ClusterSimulation.Run(trace, plan, ended: stream =>
        {
            Assert.Equal(stream.Request.Output, stream.Tokens);
            cached += stream.FirstRun!.Group!.CachedTokens;
            moved += stream.FirstRun != stream.Run ? 1 : 0;
        });

        // What was cached counts where the first token came from, though the door had asked a dead replica before.
        Assert.Equal(cached, outcome.CachedTokens);
        Assert.InRange(moved, 1, outcome.Resumed - 1);
        Assert.Equal(trace.Requests.Count, outcome.Completed + outcome.Refused + outcome.NotSent);
        Assert.Equal(trace.Requests.Count, outcome.Completed);
        Assert.True(outcome is { Killed: > 3, Frozen: > 3, Resumed: > 3 }, Text(outcome));
        Assert.True(outcome.LostRows > 0 && outcome.RepeatedRows > 0, Text(outcome));

        // A stream stands still for as long as its door is patient, at least since the last sign of life, and no kill is free.
        Assert.InRange(outcome.Still.Median, 1.4, 3);
        ClusterOutcome calm = ClusterSimulation.Run(trace, plan with { KillSeconds = 0, FreezeSeconds = 0 });
        Assert.Equal((0, 0L, 0L, 0), (calm.Resumed, calm.LostRows, calm.RepeatedRows, calm.Still.Count));
        Assert.True(calm.FirstToken.P99 < outcome.FirstToken.P99);
        Assert.True(outcome.ReplicaSecondsPerThousandTokens > 0);
    }

    /// <summary>A freeze that is shorter than doors are patient moves nothing.</summary>
    [Fact]
    public void A_short_freeze_is_waited_for()
    {
        ClusterOutcome outcome = ClusterSimulation.Run(
            Chats(), Four(ClusterRouting.Prefix) with { FreezeSeconds = 5, FrozenSeconds = 1 });
        Assert.True(outcome.Frozen > 2);
        Assert.Equal((0, 0L), (outcome.Resumed, outcome.LostRows));
        Assert.Equal(outcome.Requests, outcome.Completed);
    }

    [Fact]
    public void Where_all_are_full_requests_are_refused_and_their_conversations_end()
    {
        ClusterPlan plan = Four(ClusterRouting.LeastLoad) with
        {
            Engine = new EngineOptions { Pages = 256, PageSize = 4, MaxSequences = 2, MaxQueuedRequests = 1 },
        };
        Trace trace = Chats(rate: 300);
        ClusterOutcome outcome = ClusterSimulation.Run(trace, plan);
        Assert.True(outcome is { Refused: > 0, NotSent: > 0, Completed: > 0 }, Text(outcome));
        Assert.Equal(trace.Requests.Count, outcome.Completed + outcome.Refused + outcome.NotSent);
    }

    /// <summary>
    /// Cells that know nothing of each other serve the same conversations as well as one cluster of their size.
    /// </summary>
    [Fact]
    public void Cells_keep_their_conversations()
    {
        Trace trace = Chats(requests: 600, rate: 20);
        ClusterPlan plan = Four(ClusterRouting.Prefix) with { Replicas = 12, Doors = 2 };
        ClusterOutcome whole = ClusterSimulation.Run(trace, plan), cells = ClusterSimulation.Run(trace, plan with { Cell = 4 });
        Assert.Equal(trace.Requests.Count, cells.Completed);
        Assert.InRange(cells.HitRate, whole.HitRate - 0.05, 1);
        Assert.Equal(trace.Requests.Count, ClusterSimulation.Run(trace, plan with { Cell = 5, Doors = 5 }).Completed);
    }

    [Theory]
    [InlineData("replicas is 0")]
    [InlineData("doors is 9")]
    [InlineData("needs 13 pages")]
    [InlineData("page-size is 12")]
    public void What_cannot_be_is_refused_with_numbers(string words)
    {
        ClusterPlan plan = Four(ClusterRouting.Prefix);
        plan = words.Split(' ')[0] switch
        {
            "replicas" => plan with { Replicas = 0 },
            "doors" => plan with { Doors = 9 },
            "page-size" => plan with { Engine = plan.Engine with { PageSize = 12 } },
            _ => plan with { Engine = plan.Engine with { Pages = 5 } },
        };
        var trace = new Trace([new TraceRequest { At = 0, Conversation = 0, Prompt = 40, Output = 12, Prefix = -1 }]);
        Assert.Contains(words, Assert.Throws<SimulationException>(() => ClusterSimulation.Run(trace, plan)).Message);
    }

    internal static Trace Chats(int requests = 300, double rate = 8, ulong seed = 1) => new TraceRecipe
    {
        Requests = requests,
        Rate = rate,
        Turns = 5,
        Think = 2,
        Prompt = 20,
        Output = 10,
        Prefixes = 4,
        PrefixTokens = 32,
        Context = 400,
    }.Make(seed);

    internal static ClusterPlan Four(ClusterRouting routing) => new()
    {
        Replicas = 4,
        Doors = 4,
        Routing = routing,
        Price = AgreementTests.Price,
        Engine = new EngineOptions { Pages = 600, PageSize = 4, MaxSequences = 16, MaxQueuedRequests = 512 },
    };

    private static string Text(ClusterOutcome outcome) => JsonSerializer.Serialize(outcome);
}
