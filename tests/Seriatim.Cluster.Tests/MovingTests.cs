using Seriatim.Server.Tests;

namespace Seriatim.Cluster.Tests;

/// <summary>Streams whose silo dies, hangs, stops or lies: the client has the bytes of a run alone, none twice.</summary>
public sealed class MovingTests
{
    private const string Long =
        """{"prompt": "the cat number", "max_tokens": 150, "stream": true, "ignore_eos": true, "seed": 2}""";

    [Fact]
    public async Task Requests_of_all_kinds_give_the_bytes_of_a_run_alone_when_silo_after_silo_is_killed()
    {
        // Three of four die, each after some news: the last runs on the door's own engine.
        await using TestCluster cluster = await TestCluster.StartAsync(4, (i, inner) => new Link(inner));
        cluster.SendAway();
        foreach ((string name, (string path, string body)) in Requests.All)
        {
            string alone = await cluster.Alone.AskAsync(path, body);
            Assert.StartsWith("200 ", alone);
            await Restore(cluster);
            int broken = cluster.Silos.Count(silo => silo.Link.IsBroken);
            Assert.Equal(0, broken);
            string moved = await cluster.First.AskAsync(path, body);
            Assert.True(alone == moved, $"{name}:\n{alone}\n{moved}");
            Assert.True(cluster.Silos.Any(silo => silo.Link.IsBroken), $"{name} never moved.");
        }

        Assert.True(Count(cluster, "resumed_total") > 0);
        Assert.True(Count(cluster, "repeated_total") > 0);
        Assert.Equal(0, Count(cluster, "different_total"));
    }

    [Fact]
    public async Task Many_streams_at_once_survive_a_silo_that_is_killed()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(4);
        cluster.Options.LoadFactor = 1.2;
        (string Path, string Body)[] all = [.. Requests.All.Values, .. Requests.All.Values];
        string[] alone = await Task.WhenAll(all.Select(one => cluster.Alone.AskAsync(one.Path, one.Body)));
        cluster.Silos[1].Link.BreaksAfter = 40;
        cluster.Silos[2].Link.BreaksAfter = 80;
        string[] moved = await Task.WhenAll(all.Select((one, i) => cluster.First.AskAsync(one.Path, one.Body)));
        Assert.True(cluster.Silos[1].Link.IsBroken || cluster.Silos[2].Link.IsBroken);
        for (int i = 0; i < all.Length; i++)
            Assert.True(alone[i] == moved[i], $"{i}:\n{alone[i]}\n{moved[i]}");
        Assert.Equal(0, Count(cluster, "streams"));
    }

    [Fact]
    public async Task A_silo_that_hangs_loses_its_streams_after_the_time_it_may_say_nothing()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2,
            (i, inner) => new Link(inner) { BreaksAfter = 5, Hangs = true });
        cluster.SendAway();
        Assert.Equal(await cluster.Alone.AskAsync("/v1/completions", Long), await cluster.First.AskAsync("/v1/completions", Long));
        Assert.True(cluster.Silos[1].Link.IsBroken);
        Assert.Contains(cluster.First.Log.Lines, line => line.Contains("says nothing: for 1 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_silo_that_drains_hands_its_runs_over_with_their_whole_state()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2, isPaced: true);
        cluster.SendAway();
        foreach (string name in new[] { "sampled", "three", "mirostat", "schema" })
        {
            (string path, string body) = Requests.All[name];
            string alone = await cluster.Alone.AskAsync(path, body);
            Replica old = cluster.Silos[1].Replica;
            Task<string> asked = cluster.First.AskAsync(path, body);
            await Eventually.Is(() => old.Running > 0 || asked.IsCompleted);
            await old.DrainAsync();
            Assert.Equal(alone, await asked);
            Assert.Equal(0, old.Running);
            cluster.Silos[1].Join("silo-1", cluster.Options, cluster.Store);
            cluster.First.Door.Silos.Keep(new HashSet<string>());
            KnownSilo known = cluster.First.Door.Silos.Add("silo-1", cluster.Silos[1].Link, false);
            cluster.First.Door.Silos.Take(known, await cluster.Silos[1].Replica.ReportAsync());
        }

        Assert.True(Count(cluster, "moved_total") > 0);
    }

    /// <summary>What a run that is begun again had not caught up with is known by the door alone.</summary>
    [Fact]
    public async Task A_silo_that_drains_in_the_midst_of_a_run_that_is_begun_again_doubles_nothing()
    {
        foreach (string name in new[] { "three", "mirostat", "prompt" })
        {
            int told = 0;
            TestCluster? all = null;
            await using TestCluster cluster = all = await TestCluster.StartAsync(4, (i, inner) => new Link(inner)
            {
                BreaksAfter = i == 1 ? 12 : null,
                Changes = news =>
                {
                    if (i == 2 && ++told == 4)
                        _ = all!.Silos[2].Replica.DrainAsync();
                    return news;
                },
            }, isPaced: true);
            cluster.SendAway();
            (string path, string body) = Requests.All[name];
            string alone = await cluster.Alone.AskAsync(path, body);
            Assert.Equal(alone, await cluster.First.AskAsync(path, body));
            Assert.True(cluster.Silos[1].Link.IsBroken);
            Assert.True(Count(cluster, "repeated_total") > 0 && Count(cluster, "moved_total") > 0, name);
            Assert.Equal(0, Count(cluster, "different_total"));
        }
    }

    [Fact]
    public async Task Silos_with_other_weights_under_one_name_never_go_on_with_each_others_streams()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2, others: true);
        cluster.SendAway();
        Assert.Equal(await cluster.Alone.AskAsync("/v1/completions", Long), await cluster.First.AskAsync("/v1/completions", Long));
        Assert.Equal(0, cluster.Silos[1].Link.Started);

        // Asked all the same, as by a door whose report is old, it refuses and says why.
        string own = cluster.First.Core.Models.Models[0].Opened is { } opened ? Server.ModelIdentity.Of(opened, null) : "";
        RunReceipt receipt = await cluster.Silos[1].Replica.StartAsync(
            new RunOrder { Model = "tiny", Fingerprint = own, Door = "x" });
        Assert.Equal(RunAnswer.OtherModel, receipt.Answer);
        Assert.Contains(own, receipt.Detail);
    }

    [Fact]
    public async Task A_run_that_gives_other_tokens_than_the_one_before_is_found_out()
    {
        // Every token is one higher by this way: the run again on the door's own engine sees it, and the stream ends in an error.
        await using TestCluster cluster = await TestCluster.StartAsync(2, (i, inner) => new Link(inner)
        {
            BreaksAfter = 3,
            Changes = news => news with
            {
                Updates = RunJson.Write([.. RunJson.ReadUpdates(news.Updates)
                    .Select(update => update with { TokenId = update.TokenId + 1 })]),
            },
        });
        cluster.SendAway();
        string answer = await cluster.First.AskAsync("/v1/completions", Requests.All["mirostat"].Body);
        Assert.Contains("error", answer);
        Assert.Equal(1, Count(cluster, "different_total"));
    }

    [Fact]
    public async Task A_request_that_fails_fails_as_it_does_alone()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        cluster.SendAway();
        foreach (string body in new[]
        {
            """{"prompt": "x", "max_tokens": 100000}""",
            """{"prompt": "x", "n": 0}""",
            """{"prompt": "x", "guided_regex": "("}""",
        })
        {
            Assert.Equal(await cluster.Alone.AskAsync("/v1/completions", body),
                await cluster.First.AskAsync("/v1/completions", body));
        }
    }

    [Fact]
    public async Task A_client_that_goes_away_ends_its_run_elsewhere()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        cluster.SendAway();
        using (var content = new StringContent(Long.Replace("150", "200", StringComparison.Ordinal)))
        {
            content.Headers.ContentType = new("application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = content };
            using HttpResponseMessage response =
                await cluster.First.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }

        await Eventually.Is(() => cluster.Silos[1].Replica.Running == 0 && Count(cluster, "streams") == 0);
    }

    private static long Count(TestCluster cluster, string name) =>
        cluster.First.Door.Counts.Read().Single(count => count.Name == name).Value;

    /// <summary>Brings the silos back to life, as new ones that will die in their turn.</summary>
    private static async Task Restore(TestCluster cluster)
    {
        cluster.First.Door.Silos.Keep(new HashSet<string>());
        for (int i = 1; i < cluster.Silos.Count; i++)
        {
            TestSilo silo = cluster.Silos[i];
            silo.Link = new Link(silo.Replica) { BreaksAfter = i };
            KnownSilo known = cluster.First.Door.Silos.Add(silo.Replica.Name, silo.Link, false);
            cluster.First.Door.Silos.Take(known, await silo.Replica.ReportAsync());
        }
    }
}
