using System.Net;
using Seriatim.Server;
using static Seriatim.Cluster.Tests.DurableClient;

namespace Seriatim.Cluster.Tests;

/// <summary>Durable requests whose client, store or server is at fault: nothing is lost that could be kept.</summary>
public sealed class DurableFaultTests
{
    private const string Body =
        """{"prompt": "the cat number", "max_tokens": 150, "stream": true, "ignore_eos": true, "seed": 3}""";

    private const string Path = "/v1/completions";

    /// <summary>What an engine tells of a run that was cancelled is no part of the answer.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_client_that_leaves_and_comes_again_while_its_door_lives_has_the_rest(int silos)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(silos, isPaced: true);
        if (silos > 1)
            cluster.SendAway();
        string[] alone = await EventsAsync(await cluster.Alone.PostAsync(Path, Body));
        for (int i = 0; i < 4; i++)
        {
            var begin = new List<string>();
            using (HttpResponseMessage first = await cluster.First.PostAsync(Path, Body, Durable))
            {
                using var reader = new StreamReader(await first.Content.ReadAsStreamAsync());
                while (begin.Count <= 8 * i)
                    begin.Add(await EventAsync(reader));
            }

            await IsAsync(() => Task.FromResult(cluster.First.Door.Counts.Open == 0));
            await cluster.First.Door.Kept.SweepAsync();
            Assert.Equal(i, cluster.Store.Records.Count(record => record.IsOver));
            string[] rest = await EventsAsync(
                await cluster.Silos[^1].PostAsync(Path, Body, (DurableCalls.LastId, IdOf(begin[^1]))));
            Assert.Equal(alone.Select(Data), begin.Concat(rest).Select(Data));
            await IsAsync(() => Task.FromResult(cluster.Silos[^1].Door.Counts.Open == 0));
            await cluster.Silos[^1].Door.Kept.SweepAsync();
        }
    }

    /// <summary>A tag that is not the store's does not tell that another door has the request.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    public async Task A_store_that_answers_too_late_or_loses_what_it_had_stops_no_request(int late, bool forgets)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        string[] alone = await EventsAsync(await cluster.Alone.PostAsync(Path, Body));
        (cluster.Store.Late, cluster.Store.Forgets) = (late, forgets);
        string[] whole = await EventsAsync(await cluster.First.PostAsync(Path, Body, Durable));
        Assert.Equal(alone.Select(Data), whole.Select(Data));
        Assert.True(cluster.Store is { Late: 0, Forgets: false } || cluster.Store.Writes < 3);
        (cluster.Store.Late, cluster.Store.Forgets) = (late, forgets);
        string id = await BeginAsync(cluster.First);
        await IsAsync(async () => await StatusAsync(cluster.First, id) is not ("queued" or "in_progress"));
        Assert.Contains(await StatusAsync(cluster.First, id), new[] { "completed", "incomplete" });

        // It is stored again in the end.
        (cluster.Store.Late, cluster.Store.Forgets) = (0, false);
        await cluster.First.Door.Kept.SweepAsync();
        Assert.Equal(2, cluster.Store.Records.Count(record => record.IsOver));
        Assert.Equal(0, cluster.First.Door.Kept.Count);
    }

    [Fact]
    public async Task Of_requests_that_are_refused_nothing_is_kept()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        foreach ((string path, string body) in new[]
        {
            ("/v1/responses", """{"model": "tiny", "background": true, "temperature": 900, "input": "the cat"}"""),
            ("/v1/responses", """{"model": "none", "background": true, "input": "the cat"}"""),
            ("/v1/responses", """{"model": "tiny", "background": true, "input": "x", "max_output_tokens": 100000}"""),
            (Path, """{"prompt": "the cat", "max_tokens": 100000, "stream": true}"""),
            (Path, """{"prompt": ["the cat", ""], "max_tokens": 300, "stream": true}"""),
        })
        {
            using HttpResponseMessage answer = path == Path ? await cluster.First.PostAsync(path, body, Durable)
                : await cluster.First.PostAsync(path, body);
            Assert.False(answer.IsSuccessStatusCode, $"{body}: {answer.StatusCode}");
            Assert.Equal(0, cluster.First.Door.Kept.Count);
            Assert.Empty(cluster.Store.Records);
        }
    }

    /// <summary>The memory of silos throws nothing away by itself.</summary>
    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public async Task What_is_over_its_time_is_forgotten_by_whoever_wrote_it(bool throwsAway, int left)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        cluster.Store.ThrowsAway = throwsAway;
        await EventsAsync(await cluster.First.PostAsync(Path, Body, Durable));
        await IsAsync(() => Task.FromResult(cluster.First.Door.Counts.Open == 0));
        await cluster.First.Door.Kept.SweepAsync();
        Assert.Single(cluster.Store.Records);
        cluster.Options.DurableTime = TimeSpan.FromTicks(1);
        await cluster.First.Door.Kept.SweepAsync();
        Assert.Equal(left, cluster.Store.Records.Count());
    }

    [Fact]
    public async Task Who_comes_again_with_another_body_takes_nothing_away()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        string[] alone = await EventsAsync(await cluster.Alone.PostAsync(Path, Body));
        foreach (TestSilo door in cluster.Silos)
        {
            using HttpResponseMessage first = await cluster.First.PostAsync(Path, Body, Durable);
            using var reader = new StreamReader(await first.Content.ReadAsStreamAsync());
            string begin = await EventAsync(reader);
            using HttpResponseMessage other = await door.PostAsync(Path, Body.Replace("cat", "dog", StringComparison.Ordinal),
                (DurableCalls.LastId, IdOf(begin)));
            Assert.Equal(HttpStatusCode.BadRequest, other.StatusCode);
            string[] rest = (await reader.ReadToEndAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(alone.Select(Data), rest.Prepend(begin).Select(Data));
        }
    }

    /// <summary>What is complete is so for the first who asks at another door.</summary>
    [Fact]
    public async Task A_complete_response_is_gone_on_from_at_another_door_at_once()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        for (int i = 0; i < 5; i++)
        {
            string id = await BeginAsync(cluster.First, 60);
            await IsAsync(async () => await StatusAsync(cluster.First, id) is "completed" or "incomplete");
            await cluster.First.Door.Kept.SweepAsync();
            string next = $$"""{"model": "tiny", "input": "more", "max_output_tokens": 5, "previous_response_id": "{{id}}"}""";
            using HttpResponseMessage answer = await cluster.Silos[1].PostAsync("/v1/responses", next);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        }
    }
}
