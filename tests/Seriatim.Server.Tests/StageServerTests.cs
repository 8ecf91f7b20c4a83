using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Generation;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>
/// A server whose models have their layers in several processes: what every endpoint answers has the bytes of one process, models
/// come and go, clients leave, and what cannot be is refused by name.
/// </summary>
public sealed class StageServerTests
{
    /// <summary>What differs between two answers to one question, whoever gives them.</summary>
    private static readonly string[] Passing =
    [
        "id", "created", "created_at", "completed_at", "item_id", "response_id", "total_duration", "load_duration",
        "eval_duration", "prompt_eval_duration", "timings",
    ];

    private static readonly string[] Counts = ["usage", "prompt_eval_count"];

    private static readonly (string Path, string Json)[] Questions =
    [
        Completion(""" "prompt": "the cat", "max_tokens": 12, "temperature": 0, "logprobs": 3, "echo": true """),
        Completion(""" "prompt": ["a dog", "the cat"], "max_tokens": 9, "n": 3, "temperature": 1.2, "seed": 4 """),
        Completion(""" "prompt": "the cat", "max_tokens": 9, "n": 3, "use_beam_search": true, "logprobs": 1 """),
        Completion(""" "prompt": "a cat sat", "max_tokens": 20, "seed": 1, "stream": true """),
        Completion(""" "prompt": "a", "max_tokens": 9, "seed": 1, "prompt_logprobs": 2 """),
        Talk("/v1/chat/completions", """ "max_tokens": 9, "seed": 3, "logprobs": true, "top_logprobs": 2 """),
        Talk("/v1/chat/completions", """ "max_tokens": 9, "seed": 3, "stream": true """),
        Talk("/v1/chat/completions", """ "max_tokens": 20, "seed": 3, "guided_choice": ["yes", "no"] """),
        ("/v1/responses", """{"model": "tiny", "input": "the cat", "max_output_tokens": 16, "temperature": 0}"""),
        Talk("/v1/messages", """ "max_tokens": 9, "temperature": 0 """),
        Talk("/v1/messages", """ "max_tokens": 9, "temperature": 0, "stream": true """),
        ("/api/generate", """{"model": "tiny", "prompt": "the cat", "options": {"num_predict": 9, "seed": 8}}"""),
        Talk("/api/chat", """ "options": {"num_predict": 9, "seed": 8}, "stream": false """),
        ("/v1/embeddings", """{"model": "tiny", "input": ["the cat", "a dog sat on the mat"]}"""),
        ("/api/embed", """{"model": "tiny", "input": "the cat"}"""),
        ("/tokenize", """{"model": "tiny", "prompt": "the cat"}"""),
    ];

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Every_endpoint_answers_with_the_bytes_of_one_process(int stages)
    {
        using var folder = new TempFolder();
        TinyModels.WriteLlama(folder.Path, layers: 4);
        List<string> expected = [];
        await using (TestServer alone = await TestServer.StartAsync(Serve))
        {
            foreach ((string path, string json) in Questions)
                expected.Add(await AnswerAsync(alone, path, json));
        }

        StagedServer.Run(stages, async server =>
        {
            for (int i = 0; i < Questions.Length; i++)
                Assert.Equal(Plain(expected[i]), Plain(await AnswerAsync(server, Questions[i].Path, Questions[i].Json)));

            // All at once, in one engine's steps: what of a prompt was cached by then depends on who came first.
            string[] together = await Task.WhenAll(Questions.Select(one => AnswerAsync(server, one.Path, one.Json)));
            for (int i = 0; i < Questions.Length; i++)
                Assert.Equal(Plain(expected[i], Counts), Plain(together[i], Counts));
            JsonElement props = await server.GetAsync("/props?model=tiny");
            JsonElement[] cut = [.. props.GetProperty("stages").EnumerateArray()];
            Assert.Equal(stages, cut.Length);
            Assert.Equal(4, cut.Sum(stage => stage.GetProperty("layers").GetInt32()));
            Assert.All(cut, stage => Assert.True(stage.GetProperty("weight_bytes").GetInt64() > 0
                && stage.GetProperty("memory_bytes").GetInt64() > 0 && stage.GetProperty("resident_bytes").GetInt64() > 0));
            using HttpResponseMessage watched = await server.PostAsync("/v1/engine/watch", """{"model": "tiny", "frames": 1}""");
            string head = (await watched.Content.ReadAsStringAsync()).Split('\n').First(line => line.Contains("engine.opened"));
            Assert.Equal(stages, JsonElement.Parse(head[head.IndexOf('{')..]).GetProperty("stages").GetArrayLength());
            string metrics = await server.Client.GetStringAsync("/metrics");
            Assert.Contains($"seriatim:stage_layers{{model_name=\"tiny\",engine=\"0\",stage=\"{stages - 1}\"", metrics);
            Assert.Contains(server.Log.Lines, line => line.Contains("tiny: stage 1 (thread-1): layer", StringComparison.Ordinal));
        }, Serve);

        void Serve(SeriatimServerOptions options) => options.Models[0] = options.Models[0] with { Model = folder.Path };
    }

    [Fact]
    public async Task Models_come_and_go_while_others_write()
    {
        using var other = new TempFolder();
        TinyModels.WriteLlama(other.Path, seed: 9, layers: 3);
        string first, second;
        await using (TestServer alone = await TestServer.StartAsync(Two))
            (first, second) = (await TextAsync(alone, "tiny", 60), await TextAsync(alone, "second", 60));
        Assert.NotEqual(first, second);
        int atOther = 0;
        StagedServer.Run(2, async server =>
        {
            for (int round = 0; round < 3; round++)
            {
                string[] texts = await Task.WhenAll(TextAsync(server, "tiny", 60), TextAsync(server, "second", 60),
                    TextAsync(server, "second", 60));
                Assert.Equal([first, second, second], texts);
                await Eventually.Is(() => server.Core.Models.Models.All(
                    model => model.Status.State == HostedModelState.Unloaded));
                Assert.Equal(0, server.Core.Models.Host.MemoryInUse);
                await Eventually.Is(() => Volatile.Read(ref atOther) == 0);
            }
        }, Two, changed: count => Volatile.Write(ref atOther, count));

        void Two(SeriatimServerOptions options)
        {
            options.Models[0] = options.Models[0] with { KeepAlive = TimeSpan.Zero };
            options.Models.Add(options.Models[0] with { Model = other.Path, Name = "second" });
        }
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_midst_of_its_stream_takes_nobody_along()
    {
        string expected;
        await using (TestServer alone = await TestServer.StartAsync())
            expected = await TextAsync(alone, "tiny", 40);
        StagedServer.Run(2, async server =>
        {
            for (int i = 0; i < 3; i++)
            {
                using var leaving = new CancellationTokenSource();
                using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
                {
                    Content = new StringContent(
                        """{"model": "tiny", "prompt": "a", "max_tokens": 200, "stream": true, "ignore_eos": true}""",
                        Encoding.UTF8, "application/json"),
                };
                Task<string> beside = TextAsync(server, "tiny", 40);
                HttpResponseMessage response = await server.Client.SendAsync(
                    request, HttpCompletionOption.ResponseHeadersRead, leaving.Token);
                await using (Stream stream = await response.Content.ReadAsStreamAsync())
                    Assert.True(await stream.ReadAsync(new byte[64]) > 0);
                response.Dispose();
                Assert.Equal(expected, await beside);
            }

            await Eventually.Is(() => server.Core.Models.Models[0].Opened!.Engine.Load is { Running: 0, Waiting: 0 });
            Assert.Equal(expected, await TextAsync(server, "tiny", 40));
        });
    }

    [Fact]
    public void What_cannot_be_cut_is_refused_by_name_and_the_others_go_on()
    {
        using var encoder = new TempFolder();
        TinyModels.WriteBert(encoder.Path, "BertForMaskedLM");
        StagedServer.Run(2, async server =>
        {
            JsonElement error = await server.FailAsync(
                "/v1/embeddings", """{"model": "reads", "input": "the cat"}""", 400, "not_in_stages", "model");
            Assert.Contains("cannot be cut into stages", error.GetProperty("message").GetString());
            await TextAsync(server, "tiny", 5);
            using ModelUse use = await server.Core.Models.Find("tiny").UseAsync(CancellationToken.None);
            Assert.Contains("the microscope looks into those of one",
                Assert.Throws<ModelTaskException>(() => use.Microscope()).Message);
        }, options => options.Models.Add(options.Models[0] with { Model = encoder.Path, Name = "reads" }));
    }

    [Fact]
    public void A_model_that_another_machine_does_not_have_is_refused_and_the_others_go_on()
    {
        using var here = new TempFolder();
        using var other = new TempFolder();
        TinyModels.WriteLlama(here.Path, layers: 3);
        TinyModels.WriteLlama(other.Path, seed: 9, layers: 3);
        bool isThere = false;
        int atOther = 0;
        StagedServer.Run(3, async server =>
        {
            string before = await TextAsync(server, "tiny", 20);
            JsonElement error = await server.FailAsync(
                "/v1/completions", """{"model": "second", "prompt": "a"}""", 503, "model_load_failed");
            Assert.Contains("cannot start: nothing of that name here", error.GetProperty("message").GetString());
            await Eventually.Is(() => Volatile.Read(ref atOther) == 1);
            Assert.Equal(before, await TextAsync(server, "tiny", 20));

            // Somebody copies it there.
            Volatile.Write(ref isThere, true);
            await TextAsync(server, "second", 20);
            Assert.Equal(before, await TextAsync(server, "tiny", 20));
        }, options =>
            {
                options.Models[0] = options.Models[0] with { Model = here.Path };
                options.Models.Add(options.Models[0] with { Model = other.Path, Name = "second" });
            },
            opening => opening.Name != Path.GetFullPath(other.Path) || Volatile.Read(ref isThere) ? opening.Name
                : throw new FileNotFoundException("nothing of that name here"),
            count => Volatile.Write(ref atOther, count));
    }

    [Fact]
    public void A_cut_that_a_model_does_not_have_is_refused()
    {
        using var deep = new TempFolder();
        TinyModels.WriteLlama(deep.Path, layers: 3);
        StagedServer.Run(3, async server =>
        {
            JsonElement error = await server.FailAsync(
                "/v1/completions", """{"model": "tiny", "prompt": "a"}""", 400, "not_in_stages");
            Assert.Contains("3 stages are asked for; this llama model has 2 layers", error.GetProperty("message").GetString());
            await TextAsync(server, "deep", 5);
        }, options => options.Models.Add(options.Models[0] with { Model = deep.Path, Name = "deep" }));
    }

    private static (string Path, string Json) Completion(string fields) =>
        ("/v1/completions", $$"""{"model": "tiny", {{fields}}}""");

    private static (string Path, string Json) Talk(string path, string fields) =>
        (path, $$"""{"model": "tiny", "messages": [{"role": "user", "content": "the cat"}], {{fields}}}""");

    private static async Task<string> TextAsync(TestServer server, string model, int tokens)
    {
        JsonElement answer = await server.AskAsync("/v1/completions",
            $$"""{"model": "{{model}}", "prompt": "the cat", "max_tokens": {{tokens}}, "temperature": 0, "ignore_eos": true}""");
        return answer.GetProperty("choices")[0].GetProperty("text").GetString()!;
    }

    private static async Task<string> AnswerAsync(TestServer server, string path, string json)
    {
        using HttpResponseMessage response = await server.PostAsync(path, json);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path}: {(int)response.StatusCode}: {body}");
        return body;
    }

    /// <summary>An answer without what every one has of its own, and without what else is named.</summary>
    private static string Plain(string body, params string[] without) => string.Join('\n', body.Split('\n').Select(line =>
    {
        int at = line.IndexOf('{', StringComparison.Ordinal);
        if (at < 0)
            return line;
        JsonNode node = JsonNode.Parse(line[at..])!;
        Strip(node, [.. Passing, .. without]);
        return line[..at] + node.ToJsonString();
    }));

    private static void Strip(JsonNode? node, HashSet<string> without)
    {
        if (node is JsonArray array)
        {
            foreach (JsonNode? item in array)
                Strip(item, without);
        }
        else if (node is JsonObject properties)
        {
            foreach (string name in properties.Select(pair => pair.Key).ToArray())
            {
                if (without.Contains(name))
                    properties.Remove(name);
                else
                    Strip(properties[name], without);
            }
        }
    }
}
