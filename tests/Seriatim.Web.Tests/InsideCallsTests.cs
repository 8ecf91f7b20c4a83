using Microsoft.Extensions.DependencyInjection;
using Seriatim.Inspection;
using Seriatim.Server;
using Seriatim.Web.Calls;
using Seriatim.Web.Microscope;
using Seriatim.Web.Shell;
using Seriatim.Web.Texts;
using Seriatim.Web.Translate;

namespace Seriatim.Web.Tests;

/// <summary>What the page asks of the library itself is counted as requests are.</summary>
public sealed class InsideCallsTests
{
    private static readonly CaptureFilter Hidden = new() { Kinds = CaptureKinds.Hidden, Rows = [0] };

    [Fact]
    public async Task Tokens_that_the_microscope_reads_are_those_of_the_key()
    {
        await using PageServer server = await WithLimitsAsync(new ClientLimits { TokensPerMinute = 1 });
        using var bench = new MicroscopeBench(CallsOf(server, "sk-right"));
        await bench.OpenAsync("stories", CancellationToken.None);
        await bench.ReadAsync("Once upon a time there was a little dog who ran and ran and ran", "", CancellationToken.None);
        ApiFailure failure = await Assert.ThrowsAsync<ApiFailure>(() => bench.LookAsync(Hidden, CancellationToken.None));
        Assert.Equal((429, "rate_limit_exceeded"), (failure.Status, failure.Code));

        // The same key has used them up for its requests, too.
        ServerCore core = server.Services.GetRequiredService<ServerCore>();
        Assert.Throws<ApiException>(() => RequestSlot.Take(core.State, core.Keys.Find("sk-right")));
        using RequestSlot other = RequestSlot.Take(core.State, core.Keys.Find("sk-other"));
    }

    [Fact]
    public async Task Alignments_and_passes_are_counted_too()
    {
        await using PageServer server = await WithLimitsAsync(new ClientLimits { RequestsPerMinute = 2 });
        var inside = new TranslateInside(CallsOf(server, "sk-right"));

        // Opening them takes its time, in which a minute's budget grows.
        foreach (string model in (string[])["zh-en", "zh-en-nar"])
            await inside.FactsAsync(model, CancellationToken.None);
        await inside.AlignAsync("zh-en", "我爱学习", "I love studying.", new(), CancellationToken.None);
        await inside.RefineAsync("zh-en-nar", "我爱学习", new() { Iterations = 2 }, CancellationToken.None);
        await Assert.ThrowsAsync<ApiFailure>(
            () => inside.AlignAsync("zh-en", "我爱学习", "I love studying.", new(), CancellationToken.None));
    }

    [Fact]
    public async Task Stations_that_ask_at_the_same_time_are_no_more_requests_at_a_time_than_one()
    {
        await using PageServer server = await WithLimitsAsync(new ClientLimits { Concurrency = 1 });
        using var bench = new MicroscopeBench(CallsOf(server, "sk-right"));
        await bench.OpenAsync("stories", CancellationToken.None);
        await bench.ReadAsync("Once upon a time", "", CancellationToken.None);
        Capture[] seen = await Task.WhenAll(
            Enumerable.Range(0, 6).Select(_ => bench.LookAsync(Hidden, CancellationToken.None)));
        Assert.All(seen, one => Assert.Single(one.Rows));
    }

    [Fact]
    public async Task A_key_that_the_server_does_not_know_reads_nothing()
    {
        await using PageServer server = await WithLimitsAsync(new ClientLimits());
        using var bench = new MicroscopeBench(CallsOf(server, null));
        await bench.OpenAsync("stories", CancellationToken.None);
        ApiFailure failure = await Assert.ThrowsAsync<ApiFailure>(
            () => bench.ReadAsync("Once upon a time", "", CancellationToken.None));
        Assert.Equal(401, failure.Status);
    }

    private static Task<PageServer> WithLimitsAsync(ClientLimits limits) => PageServer.StartAsync(options =>
    {
        options.ApiKeys.Add(new ApiKeyOptions { Key = "sk-right", Limits = limits });
        options.ApiKeys.Add(new ApiKeyOptions { Key = "sk-other" });
    });

    private static InsideCalls CallsOf(PageServer server, string? key)
    {
        var session = new PageSession();
        session.Begin(new PageStart(Language.English, false, key));
        return new InsideCalls(server.Services.GetRequiredService<ServerCore>(), session);
    }
}
