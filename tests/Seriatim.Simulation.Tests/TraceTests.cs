using Seriatim.Tests;

namespace Seriatim.Simulation.Tests;

/// <summary>
/// Traces: what is made is what was asked for, what is written is read again, and what is wrong is refused by line.
/// </summary>
public sealed class TraceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_trace_that_is_made_has_the_rate_lengths_and_turns_that_were_asked_for()
    {
        var recipe = new TraceRecipe
        {
            Requests = 40_000,
            Rate = 50,
            Turns = 4,
            Prompt = 30,
            Output = 20,
            Context = 100_000,
        };
        Trace trace = recipe.Make(3);
        Assert.Equal(40_000, trace.Requests.Count);
        Assert.InRange(trace.Requests.Average(one => one.Prompt), 27, 33);
        Assert.InRange(trace.Requests.Average(one => one.Output), 18, 22);
        Assert.InRange((double)trace.Requests.Count / trace.First.Count, 3.8, 4.2);
        double last = trace.Requests[trace.First[^1]].At;
        Assert.InRange(trace.Requests.Count / last, 45, 55);
        Assert.Equal(trace.Requests, recipe.Make(3).Requests);
        Assert.NotEqual(trace.Requests, recipe.Make(4).Requests);
    }

    [Fact]
    public void Bursts_are_a_tenth_of_the_time_and_leave_the_mean_as_it_is()
    {
        Trace trace = new TraceRecipe { Requests = 40_000, Rate = 50, Turns = 1, Burst = 9, BurstTime = 20 }.Make(3);
        double[] times = [.. trace.Requests.Select(one => one.At)];
        Assert.InRange(times.Length / times[^1], 45, 55);
        Assert.InRange(times.Count(at => at % 20 < 2) / (double)times.Length, 0.45, 0.55);
        Assert.Equal(times.Order(), times);
    }

    [Fact]
    public void A_request_has_what_was_said_before_in_front_of_it()
    {
        Trace trace = Read("""
            {"at":0,"conversation":"a","prompt":5,"output":3,"prefix":"s","prefix_tokens":10}
            {"at":0.5,"conversation":"b","prompt":7,"output":2,"prefix":"s","prefix_tokens":10}

            {"conversation":"a","think":2,"prompt":4,"output":1}
            {"at":9,"prompt":6,"output":1}
            {"at":1,"conversation":"a","prompt":2,"output":2}
            """);
        Assert.Equal([15, 17, 22, 6, 25], trace.Requests.Select(one => one.Length));
        Assert.Equal([2, -1, 4, -1, -1], trace.Requests.Select(one => one.Next));
        Assert.Equal([0, 1, 3], trace.First);
        int[] Tokens(int request) => [.. Enumerable.Range(0, 15).Select(at => Trace.TokenAt(trace.Requests[request], at))];
        Assert.Equal(Tokens(0), Tokens(2));
        Assert.Equal(Tokens(0)[..10], Tokens(1)[..10]);
        Assert.NotEqual(Tokens(0)[10], Tokens(1)[10]);
        Assert.NotEqual(Tokens(0)[..10], Tokens(3)[..10]);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        Trace trace = SimulationTests.Chats();
        TraceFile.Write(_folder.File("trace.jsonl"), trace);
        Trace again = TraceFile.Read(_folder.File("trace.jsonl"));
        Assert.Equal(trace.Requests.Select(one => (one.At, one.Think, one.Length, one.Output, one.Next)),
            again.Requests.Select(one => (one.At, one.Think, one.Length, one.Output, one.Next)));
        ClusterPlan plan = SimulationTests.Four(ClusterRouting.Prefix);
        Assert.Equal(ClusterSimulation.Run(trace, plan), ClusterSimulation.Run(again, plan));
    }

    [Theory]
    [InlineData("[]", "line 1: an object is needed")]
    [InlineData("{\"at\":0,\"prompt\":1}", "line 1: 'output' is missing")]
    [InlineData("{\"at\":-1,\"prompt\":1,\"output\":1}", "'at' is -1; seconds from 0")]
    [InlineData("{\"at\":0,\"prompt\":0,\"output\":1}", "'prompt' is 0; 1 to")]
    [InlineData("{\"at\":0,\"prompt\":1.5,\"output\":1}", "'prompt' is 1.5")]
    [InlineData("{\"at\":0,\"prompt\":99999999999,\"output\":1}", "'prompt' is 99999999999")]
    [InlineData("{\"at\":0,\"prompt\":1,\"output\":1,\"promt\":3}", "there is no 'promt'")]
    [InlineData("{\"at\":0,\"prompt\":1,\"output\":1,\"prefix\":\"a\"}", "go together")]
    [InlineData("{\"at\":0,\"conversation\":7,\"prompt\":1,\"output\":1}", "'conversation' is 7; a text")]
    [InlineData("{\"think\":1,\"conversation\":\"a\",\"prompt\":1,\"output\":1}", "has no 'at'")]
    [InlineData("{\"at\":0,\"prompt\":1,\"output\":1}\n{\"at\":0,", "line 2")]
    [InlineData("\n\n", "has no requests")]
    public void What_is_no_trace_is_refused_by_its_line(string text, string words) =>
        Assert.Contains(words, Assert.Throws<SimulationException>(() => Read(text)).Message);

    [Theory]
    [InlineData("turns is 0.5")]
    [InlineData("context is 100")]
    [InlineData("rate is NaN")]
    public void What_cannot_be_made_is_refused(string words)
    {
        TraceRecipe recipe = words[0] switch
        {
            't' => new() { Turns = 0.5 },
            'c' => new() { Context = 100 },
            _ => new() { Rate = double.NaN },
        };
        Assert.Contains(words, Assert.Throws<SimulationException>(() => recipe.Make(1)).Message);
    }

    private Trace Read(string text)
    {
        File.WriteAllText(_folder.File("given.jsonl"), text);
        return TraceFile.Read(_folder.File("given.jsonl"));
    }
}
