using System.Net;
using System.Text.RegularExpressions;
using Seriatim.Server;
using static Seriatim.Cluster.Tests.DurableClient;

namespace Seriatim.Cluster.Tests;

/// <summary>Requests that outlive their door: whoever comes again, at any door, has the rest, and nothing twice.</summary>
public sealed class DurableTests
{
    [Theory]
    [InlineData("sampled")]
    [InlineData("three")]
    [InlineData("logprobs")]
    [InlineData("mirostat")]
    [InlineData("schema")]
    [InlineData("ranked")]
    [InlineData("messages")]
    public async Task A_client_that_comes_again_at_another_door_has_the_rest(string name)
    {
        (string path, string body) = Requests.All[name];
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        string[] whole = await EventsAsync(await cluster.First.PostAsync(path, body, Durable));
        string[] alone = await EventsAsync(await cluster.Alone.PostAsync(path, body));
        Assert.Equal(Sorted(alone), Sorted(whole.Select(Data)));
        foreach (int cut in new[] { 1, whole.Length / 2, whole.Length - 1 })
        {
            string[] rest = await EventsAsync(
                await cluster.Silos[1].PostAsync(path, body, (DurableCalls.LastId, IdOf(whole[cut - 1]))));

            // Of several answers which comes first is a matter of load; each has all its events once.
            Assert.Equal(Sorted(whole.Select(Data)), Sorted(whole.Take(cut).Concat(rest).Select(Data)));
            Assert.Equal(whole.Length, whole.Take(cut).Concat(rest).Select(IdOf).Distinct().Count());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_door_that_dies_in_the_midst_of_a_stream_is_gone_on_for_from_what_it_had_stored(int writes)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        cluster.Store.LosesAfter = writes;
        string body = """{"prompt": "the cat number", "max_tokens": 150, "stream": true, "ignore_eos": true}""";
        string[] whole = await EventsAsync(await cluster.First.PostAsync("/v1/completions", body, Durable));
        Assert.DoesNotContain(cluster.Store.Records, record => record.IsOver);

        // The seed that was drawn for it is kept, too.
        string[] rest = await EventsAsync(await cluster.Silos[1].PostAsync("/v1/completions", body,
            (DurableCalls.LastId, IdOf(whole[99]))));
        Assert.Equal(whole[100..], rest);
    }

    [Fact]
    public async Task Who_comes_again_takes_the_stream_from_whoever_has_it()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        string body = """{"prompt": "the cat number", "max_tokens": 200, "stream": true, "ignore_eos": true, "seed": 3}""";
        foreach (TestSilo other in cluster.Silos)
        {
            using HttpResponseMessage first = await cluster.First.PostAsync("/v1/completions", body, Durable);
            using var reader = new StreamReader(await first.Content.ReadAsStreamAsync());
            string begin = await EventAsync(reader);
            string[] rest = await EventsAsync(
                await other.PostAsync("/v1/completions", body, (DurableCalls.LastId, IdOf(begin))));
            string[] alone = await EventsAsync(await cluster.Alone.PostAsync("/v1/completions", body));
            Assert.Equal(alone.Select(Data), rest.Prepend(begin).Select(Data));
        }
    }

    [Fact]
    public async Task A_response_in_the_background_is_followed_from_another_door_and_outlives_its_own()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        string streamed = $$"""{ {{Input}}, "stream": true }""";
        string stored = Bare(await TextAsync(await cluster.Alone.PostAsync("/v1/responses", streamed)));
        foreach (int last in new[] { int.MaxValue, 1 })
        {
            cluster.Store.LosesAfter = cluster.Store.Writes + last;
            string id = await BeginAsync(cluster.First);
            using HttpResponseMessage stream = await cluster.Silos[1].Client.GetAsync($"/v1/responses/{id}?stream=true",
                HttpCompletionOption.ResponseHeadersRead);
            using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync());
            string begin = await EventAsync(reader);
            if (last == 1)
                cluster.First.Link.Break();
            string all = begin + "\n\n" + await reader.ReadToEndAsync();
            Assert.Equal(stored, Bare(all).Replace("\"background\":true", "\"background\":false", StringComparison.Ordinal));

            // And once more, from a place in it, when it is over.
            string[] events = all.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
            string[] rest = await EventsAsync(await cluster.Silos[1].Client.GetAsync(
                $"/v1/responses/{id}?stream=true&starting_after=5"));
            Assert.Equal(events[6..], rest);
        }
    }

    [Fact]
    public async Task A_response_in_the_background_goes_on_where_it_is_asked_for_when_its_door_is_gone()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(3);
        cluster.Store.LosesAfter = 1;
        string id = await BeginAsync(cluster.First, 60);
        cluster.First.Link.Break();
        cluster.Store.LosesAfter = null;
        foreach (TestSilo silo in cluster.Silos.Skip(1))
            await IsAsync(async () => await StatusAsync(silo, id) is "completed" or "incomplete");
        string one = await cluster.Silos[1].Client.GetStringAsync($"/v1/responses/{id}");
        string two = await cluster.Silos[2].Client.GetStringAsync($"/v1/responses/{id}");
        Assert.Equal(Bare(one), Bare(two));

        // It is gone on from anywhere.
        string next = $$"""{"model": "tiny", "input": "more", "max_output_tokens": 5, "previous_response_id": "{{id}}"}""";
        using HttpResponseMessage answer = await cluster.Silos[2].PostAsync("/v1/responses", next);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_response_is_cancelled_and_forgotten_at_any_door()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        cluster.Options.MostUpdates = 1;
        string id = await BeginAsync(cluster.First);
        using HttpResponseMessage cancelled = await cluster.Silos[1].PostAsync($"/v1/responses/{id}/cancel", "");
        Assert.Contains(await StatusAsync(cluster.Silos[1], id), new[] { "cancelled", "completed", "incomplete" });
        await IsAsync(async () => await StatusAsync(cluster.First, id) == await StatusAsync(cluster.Silos[1], id));
        using HttpResponseMessage deleted = await cluster.Silos[1].Client.DeleteAsync($"/v1/responses/{id}");
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        foreach (TestSilo silo in cluster.Silos)
            await IsAsync(async () => await StatusAsync(silo, id) is null);
    }

    [Fact]
    public async Task A_store_that_is_full_or_gone_refuses_streams_and_lets_the_background_run()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        cluster.Store.IsBroken = true;
        (string path, string body) = Requests.All["sampled"];
        using HttpResponseMessage refused = await cluster.First.PostAsync(path, body, Durable);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Contains("durable_store_unavailable", await refused.Content.ReadAsStringAsync());
        Assert.Contains(cluster.First.Log.Lines, line => line.Contains("maxmemory", StringComparison.Ordinal));
        Assert.NotNull(refused.Headers.RetryAfter);
        string background = $$"""{ {{Input}}, "background": true }""";
        using HttpResponseMessage runs = await cluster.First.PostAsync("/v1/responses", background);
        Assert.Equal(["false"], runs.Headers.GetValues(DurableCalls.Header));
        string id = await IdOfAsync(runs);
        await IsAsync(async () => await StatusAsync(cluster.First, id) is "completed" or "incomplete");
        Assert.Equal(0, cluster.First.Door.Kept.Count);

        // What breaks later stops nothing.
        cluster.Store.IsBroken = false;
        using HttpResponseMessage begun = await cluster.First.PostAsync(path, body, Durable);
        cluster.Store.IsBroken = true;
        Assert.Contains("[DONE]", await begun.Content.ReadAsStringAsync());
        using HttpResponseMessage gone =
            await cluster.Silos[1].PostAsync(path, body, (DurableCalls.LastId, new string('a', 32) + ":1"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, gone.StatusCode);
    }

    [Fact]
    public async Task Other_weights_do_not_go_on_with_a_durable_stream()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2, others: true);
        (string path, string body) = Requests.All["sampled"];
        cluster.Store.LosesAfter = 1;
        string[] whole = await EventsAsync(await cluster.First.PostAsync(path, body, Durable));
        using HttpResponseMessage other = await cluster.Silos[1].PostAsync(path, body, (DurableCalls.LastId, IdOf(whole[3])));
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Contains("durable_other_model", await other.Content.ReadAsStringAsync());

        // What is complete is only read, whatever the weights and the version are by now.
        cluster.Store.LosesAfter = null;
        whole = await EventsAsync(await cluster.First.PostAsync(path, body, Durable));
        await IsAsync(() => Task.FromResult(cluster.Store.Records.Any(record => record.IsOver)));
        string[] rest = await EventsAsync(await cluster.Silos[1].PostAsync(path, body, (DurableCalls.LastId, IdOf(whole[3]))));
        Assert.Equal(whole[4..].Select(Bared), rest.Select(Bared));

        static string Bared(string one) => Regex.Replace(one, "fp_[0-9a-f]+", "");
    }

    [Fact]
    public async Task What_cannot_be_durable_is_refused()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        (string path, string body) = Requests.All["sampled"];
        string whole = IdOf((await EventsAsync(await cluster.First.PostAsync(path, body, Durable)))[0]);
        string unstreamed = body.Replace("\"stream\": true, ", "", StringComparison.Ordinal);
        foreach ((TestSilo silo, string at, string asked, string name, string value, int status) in new[]
        {
            (cluster.First, path, body, DurableCalls.Header, "yes", 400),
            (cluster.First, path, unstreamed, DurableCalls.Header, "true", 400),
            (cluster.First, "/api/generate", Requests.All["ollama"].Body, DurableCalls.Header, "true", 400),
            (cluster.First, "/v1/embeddings", """{"input": "x"}""", DurableCalls.Header, "true", 400),
            (cluster.Alone, path, body, DurableCalls.Header, "true", 400),
            (cluster.Alone, path, body, DurableCalls.LastId, whole, 400),
            (cluster.First, path, body, DurableCalls.LastId, "7", 400),
            (cluster.First, path, body, DurableCalls.LastId, whole.Split(':')[0] + ":99999999999", 400),
            (cluster.First, path, body, DurableCalls.LastId, new string('a', 32) + ":1", 404),
            (cluster.First, path, body.Replace("cat", "dog", StringComparison.Ordinal), DurableCalls.LastId, whole, 400),
            (cluster.First, "/v1/responses", $$"""{ {{Input}}, "background": true }""", DurableCalls.LastId, whole, 400),
        })
        {
            using HttpResponseMessage answer = await silo.PostAsync(at, asked, (name, value));
            Assert.True(status == (int)answer.StatusCode, $"{at} {name}: {value}: {await answer.Content.ReadAsStringAsync()}");
        }

        // Not asked for, nothing is kept, and events have no ids.
        Assert.DoesNotContain("id: ", await TextAsync(await cluster.First.PostAsync(path, body)));
    }
}
