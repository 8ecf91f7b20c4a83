using System.Text;
using Seriatim.Web.Engine;
using Seriatim.Web.Texts;

namespace Seriatim.Web.Tests;

/// <summary>Traces of engines, and the numbers that are made of their lines.</summary>
public sealed class EngineTraceTests
{
    private const string Head = """
        {"object":"engine.opened","model":"tiny","version":"1","family":"llama","context":256,"weight_bytes":1000,"bytes_per_position":64,
        "limits":{"token_budget":512,"max_sequences":64,"max_queued":1024,"page_size":16,"step_ms":150,"key_value_type":"F32","prefix_cache":true,
        "draft_model":false,"threads":2,"cores":2,"memory_bytes":1000000}}
        """;

    [Fact]
    public async Task A_trace_is_written_and_read_again()
    {
        var trace = new EngineTrace();
        trace.Add(Line(Head));
        trace.Add(Frame(250, 10, 100));
        trace.Add("""{"object":"engine.idle"}""");
        EngineTrace read = await EngineTrace.ReadAsync(trace.ToStream(), default);
        Assert.Equal(trace.Lines, read.Lines);
        Assert.Equal(trace.ToStream().Length, read.Bytes);
    }

    [Theory]
    [InlineData("hello", 1)]
    [InlineData("{\"object\":\"engine.frame\"}", 1)]
    [InlineData("HEAD\n{\"object\":\"engine.frame\",\"at\":1}", 2)]
    [InlineData("HEAD\nFRAME\n{\"object\":\"response\"}", 3)]
    [InlineData("HEAD\nFRAME\n[1]", 3)]
    public async Task What_is_no_trace_is_refused_by_its_line_in_both_languages(string text, int line)
    {
        text = text.Replace("HEAD", Line(Head), StringComparison.Ordinal)
            .Replace("FRAME", Frame(250, 10, 100), StringComparison.Ordinal);
        SaidException failure = await Assert.ThrowsAsync<SaidException>(
            () => EngineTrace.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), default));
        Assert.StartsWith($"Line {line} ", failure.Message);
        Assert.StartsWith($"第 {line} 行", failure.In(Language.Chinese));
    }

    [Fact]
    public async Task A_line_that_could_not_be_drawn_is_refused()
    {
        foreach ((string good, string bad) in ((string, string)[])[("[3,0,\"decode\",1,0,0]", "[3,0,\"decode\",1,0]"),
            ("\"cells\":\"03.\"", "\"cells\":\"0<.\""), ("[-1,2,0]", "[5,2,0]"), ("\"ms\":[0.1,2,0.2]", "\"ms\":[]"),
            ("\"per_cell\":1", "\"per_cell\":0")])
        {
            string frame = Frame(250, 10, 100);
            Assert.Contains(good, frame);
            string text = $"{Line(Head)}\n{frame.Replace(good, bad, StringComparison.Ordinal)}";
            await Assert.ThrowsAsync<SaidException>(() =>
                EngineTrace.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), default));
        }
    }

    [Fact]
    public async Task An_empty_file_and_one_without_a_frame_are_refused()
    {
        await Assert.ThrowsAsync<SaidException>(() => EngineTrace.ReadAsync(new MemoryStream(), default));
        await Assert.ThrowsAsync<SaidException>(
            () => EngineTrace.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(Line(Head))), default));
    }

    [Fact]
    public void A_recording_ends_before_it_takes_all_memory()
    {
        var trace = new EngineTrace();
        string line = new('x', 1 << 20);
        for (int i = 0; i < 70; i++)
            trace.Add(line);
        Assert.True(trace.IsFull);
        Assert.Equal(63, trace.Lines.Count);
        Assert.True(trace.Bytes <= EngineTrace.MostBytes);
    }

    [Fact]
    public void Speeds_are_those_of_the_last_seconds()
    {
        var picture = new EnginePicture();
        picture.Add(EngineLine.Read(Line(Head)));
        Assert.Equal(0, picture.RowsPerSecond);
        picture.Add(EngineLine.Read(Frame(0, 0, 0)));
        picture.Add(EngineLine.Read(Frame(10_000, 10, 100)));
        picture.Add(EngineLine.Read(Frame(12_000, 50, 260)));
        Assert.Equal(80, picture.RowsPerSecond);
        Assert.Equal(20, picture.StepsPerSecond);
        Assert.Equal(4, picture.RowsPerStep);
        Assert.Equal(2000, picture.Shares.Sum());
        picture.Add(EngineLine.Read("""{"object":"engine.closed","model":"tiny","status":"unloaded"}"""));
        Assert.Null(picture.Frame);
        Assert.Equal("unloaded", picture.Closed);
    }

    internal static string Frame(int at, int steps, int rows) => Line($$$"""
        {"object":"engine.frame","at":{{{at}}},"totals":{"running":1,"waiting":0,"steps":{{{steps}}},"rows":{{{rows}}},"largest_step":16,"prefix_hits":0,
        "tokens_saved":0,"preemptions":0,"draft_failures":0,"scheduling_ms":{{{steps}}},"passes_ms":{{{10 * steps}}},"sampling_ms":{{{steps}}},"memory_bytes":5},
        "steps":[{"n":{{{steps}}},"at":{{{at}}},"ms":[0.1,2,0.2],"rows":[[3,0,"decode",1,0,0]]}],"steps_left_out":0,
        "requests":[{"n":3,"state":"running","sequences":1,"prompt":5,"new":3,"pending":1,"cached":0,"priority":0,"preemptions":0}],"requests_left_out":0,
        "memories":[{"name":"pages","units":64,"unit_bytes":1024,"used":2,"shared":0,"cached":0,"reached":3,"per_cell":1,"cells":"03."}],
        "prefixes":{"pages":2,"left_out":0,"branches":[[-1,2,0]]}}
        """);

    /// <summary>An engine with some requests, the second of which waits.</summary>
    internal static string[] Sample(int requests)
    {
        const string One = "{\"n\":3,\"state\":\"running\"";
        string frame = Frame(250, 10, 100);
        int at = frame.IndexOf(One, StringComparison.Ordinal), end = frame.IndexOf('}', at) + 1;
        string all = string.Join(',', Enumerable.Range(0, requests).Select(i => frame[at..end]
            .Replace("\"n\":3", $"\"n\":{i}", StringComparison.Ordinal)
            .Replace("running", i == 1 ? "waiting" : "running", StringComparison.Ordinal)));
        return [Line(Head),
            frame[..at].Replace("\"running\":1", $"\"running\":{requests}", StringComparison.Ordinal) + all + frame[end..]];
    }

    private static string Line(string json) => json.ReplaceLineEndings("");
}
