using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>Adapters as model names of their own: listed, asked for beside their model, refused where they are none.</summary>
public sealed class AdapterTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_gives_the_tokens_of_the_library_beside_its_model()
    {
        await using TestServer server = await StartAsync();
        (string Model, string? Adapter)[] kinds = [("tiny", null), ("one", "one"), ("two", "two")];
        using LanguageModel library = await LanguageModel.OpenAsync(server.Core.Models.Models[0].Source,
            new LanguageModelOptions { Engine = new() { MemoryBytes = 16 << 20 } });
        foreach ((_, string? name) in kinds)
        {
            if (name is not null)
                library.AddAdapter(Named(name, _folder.File(name)));
        }

        Dictionary<string, int[]> expected = [];
        foreach ((string model, string? adapter) in kinds)
        {
            GenerationResult result = await library.CompleteAsync(library.Request("the cat") with
            {
                MaxNewTokens = 20,
                Adapter = adapter,
                Sampling = SamplingOptions.Greedy,
                IgnoreEndIds = true,
            });
            expected[model] = [.. result.Choices[0].TokenIds];
        }

        Assert.Equal(3, expected.Values.Select(ids => string.Join(',', ids)).Distinct().Count());

        // All in one batch, each several times, so that later ones find the pages of earlier ones of their own kind alone.
        for (int round = 0; round < 3; round++)
        {
            JsonElement[] answers = await Task.WhenAll(
                kinds.Select(kind => server.AskAsync("/v1/completions", Body(kind.Model))));
            foreach (((string model, _), JsonElement answer) in kinds.Zip(answers))
            {
                Assert.Equal(model, answer.GetProperty("model").GetString());
                Assert.Equal(expected[model], Ids(answer));
            }

            Assert.Equal(3, answers.Select(answer => answer.GetProperty("system_fingerprint").GetString()).Distinct().Count());
        }

        // Who names no model means the model as it is.
        Assert.Equal(expected["tiny"], Ids(await server.AskAsync(
            "/v1/completions", Body("tiny").Replace("\"model\": \"tiny\", ", "", StringComparison.Ordinal))));
        JsonElement ollama = await server.AskAsync("/api/generate", """
            {"model": "one", "prompt": "the cat", "stream": false, "options": {"temperature": 0, "num_predict": 5}}
            """);
        Assert.Equal("one", ollama.GetProperty("model").GetString());
        await server.FailAsync("/v1/completions", Body("three"), 404, "model_not_found", "model");
    }

    /// <summary>Ids that PEFT gave, by HTTP.</summary>
    [AdapterFact]
    public async Task Golden_adapters_give_their_ids()
    {
        string shared = Path.Combine(Repository.Root, "..", "shared"), adapters = Path.Combine(shared, "adapters", "lora-llama");
        TinyModels.WriteLlama(_folder.Path);
        foreach (string file in new[] { "config.json", "model.safetensors" })
            File.Copy(Path.Combine(shared, "golden", "llama-gqa-tied", file), _folder.File(file), overwrite: true);
        await using TestServer server = await TestServer.StartAsync(tiny: false, configure: options =>
            options.Models.Add(new ServedModelOptions
            {
                Model = _folder.Path,
                Name = "golden",
                Options = new()
                {
                    Engine = new() { MemoryBytes = 16 << 20 },
                    Adapters =
                    [
                        Named("a", Path.Combine(adapters, "adapter_a")), Named("b", Path.Combine(adapters, "adapter_b")),
                    ],
                },
            }));
        JsonElement prompts = JsonElement.Parse(File.ReadAllText(Path.Combine(adapters, "generate.json"))).GetProperty("prompts");
        foreach (JsonElement prompt in prompts.EnumerateArray())
        {
            foreach (string name in new[] { "a", "b" })
            {
                JsonElement answer = await server.AskAsync("/v1/completions",
                    $$"""
                    {"model": "{{name}}", "prompt": {{prompt.GetProperty("prompt_ids").GetRawText()}}, "max_tokens": 16,
                    "temperature": 0, "ignore_eos": true, "return_token_ids": true}
                    """);
                Assert.Equal(
                    prompt.GetProperty($"greedy_{name}").GetProperty("new_ids").EnumerateArray().Select(id => id.GetInt32()),
                    Ids(answer));
            }
        }
    }

    [Fact]
    public async Task They_are_listed_with_their_model()
    {
        await using TestServer server = await StartAsync();
        JsonElement[] models = [.. (await server.GetAsync("/v1/models")).GetProperty("data").EnumerateArray()];
        Assert.Equal(["tiny", "one", "two"], models.Select(model => model.GetProperty("id").GetString()));
        Assert.Equal([null, "tiny", "tiny"], models.Select(model => model.GetProperty("parent").GetString()));
        Assert.Equal("tiny", (await server.GetAsync("/v1/models/two")).GetProperty("parent").GetString());
        JsonElement tags = (await server.GetAsync("/api/tags")).GetProperty("models");
        Assert.Equal("tiny", tags[1].GetProperty("details").GetProperty("parent_model").GetString());
        Assert.Equal("[(0, one, 0), (1, two, 0)]", await Adapters(""));
        Assert.Equal("[(0, one, 0), (1, two, 1)]", await Adapters("?model=two"));
        JsonElement lora = await server.GetAsync("/lora-adapters");
        Assert.Equal(_folder.File("one"), lora[0].GetProperty("path").GetString());

        // One engine: its numbers are told once, those of requests by the name that was asked for.
        await server.AskAsync("/v1/completions", Body("two"));
        string metrics = await server.Client.GetStringAsync("/metrics");
        Assert.Contains("vllm:num_requests_running{model_name=\"tiny\"", metrics);
        Assert.DoesNotContain("vllm:num_requests_running{model_name=\"two\"", metrics);
        Assert.Contains("vllm:generation_tokens_total{model_name=\"two\",engine=\"0\"} 20", metrics);

        async Task<string> Adapters(string query) => $"[{string.Join(", ", (await server.GetAsync($"/lora-adapters{query}"))
            .EnumerateArray().Select(one =>
                $"({one.GetProperty("id")}, {one.GetProperty("name")}, {one.GetProperty("scale")})"))}]";
    }

    [Fact]
    public async Task Stages_have_their_parts_of_it_and_what_does_not_fit_ends_nothing()
    {
        string expected;
        await using (TestServer whole = await StartAsync())
            expected = Text(await whole.AskAsync("/v1/completions", Body("one")));
        using var folder = new TempFolder();
        TinyModels.WriteLlama(folder.Path);
        var known = new System.Collections.Concurrent.ConcurrentQueue<int>();
        StagedServer.Run(2, async server =>
        {
            Assert.Equal(expected, Text(await server.AskAsync("/v1/completions", Body("one"))));
            await server.AskAsync("/v1/completions", Body("tiny"));
            await server.FailAsync("/v1/completions", Body("wrong"), 503, "model_load_failed", "model");
            Assert.Equal(expected, Text(await server.AskAsync("/v1/completions", Body("one"))));

            // The other rank had its layers of the one that failed, and has given them back.
            Assert.Equal([1, 2, 1], known);
        }, options =>
        {
            Give(options, Named("one", _folder.File("one")));
            ServedModelOptions other = options.Models[0] with { Model = folder.Path, Name = "other" };
            string wrong = TinyAdapters.Write(_folder.File("wrong"), 1, width: 48);
            options.Models.Add(other with { Options = other.Options with { Adapters = [Named("wrong", wrong)] } });
        }, changed: known.Enqueue);

        static string Text(JsonElement answer) => $"{answer.GetProperty("model")}: {string.Join(' ', Ids(answer))}, "
            + $"{answer.GetProperty("system_fingerprint")}";
    }

    [Fact]
    public async Task A_request_of_one_is_repeated_with_it()
    {
        await using TestServer server = await StartAsync();
        foreach (string model in new[] { "one", "tiny" })
        {
            JsonElement answer = await server.AskAsync("/v1/completions", Body(model));
            JsonElement record = await server.GetAsync($"/v1/requests/{answer.GetProperty("id").GetString()}");
            Assert.True((await server.AskAsync("/v1/replay", record.GetRawText())).GetProperty("same").GetBoolean());

            // Not with another one, whatever the record calls it.
            await server.FailAsync("/v1/replay",
                record.GetRawText().Replace($"\"model\":\"{model}\"", "\"model\":\"two\"", StringComparison.Ordinal), 409);
        }
    }

    [Fact]
    public async Task An_adapter_is_closed_and_opened_with_its_model()
    {
        await using TestServer server = await StartAsync(options =>
            options.Models[0] = options.Models[0] with { KeepAlive = TimeSpan.FromHours(1) });
        int[] first = Ids(await server.AskAsync("/v1/completions", Body("one")));
        await server.AskAsync("/api/generate", """{"model": "one", "keep_alive": 0}""");
        Assert.Equal(HostedModelState.Unloaded, server.Core.Models.Models[0].Status.State);
        Assert.Equal(first, Ids(await server.AskAsync("/v1/completions", Body("one"))));
        Assert.Equal(["loaded", "loaded", "loaded"], (await server.GetAsync("/v1/models")).GetProperty("data").EnumerateArray()
            .Select(model => model.GetProperty("status").GetProperty("value").GetString()!));
    }

    [Theory]
    [InlineData("/v1/embeddings", """{"model": "one", "input": "the cat"}""")]
    [InlineData("/v1/score", """{"model": "one", "text_1": "the cat", "text_2": "a mouse"}""")]
    public async Task What_would_be_computed_without_it_is_refused(string path, string body)
    {
        await using TestServer server = await StartAsync();
        JsonElement error = await server.FailAsync(path, body, 400, "wrong_task", "model");
        Assert.Contains("one is an adapter of tiny", error.GetProperty("message").GetString());
        await server.AskAsync(path, body.Replace("one", "tiny", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(32, ", \"use_dora\": true", "use_dora is true")]
    [InlineData(48, "", "[3, 32] is needed")]
    [InlineData(0, "", "there is no such folder")]
    public async Task One_that_does_not_fit_is_told_like_a_model_that_cannot_be_opened(int width, string more, string why)
    {
        string folder = _folder.File("wrong");
        if (width > 0)
            TinyAdapters.Write(folder, 1, width, more);
        await using TestServer server = await TestServer.StartAsync(options => Give(options, Named("wrong", folder)));
        JsonElement error = await server.FailAsync("/v1/completions", Body("wrong"), 503, "model_load_failed", "model");
        Assert.Contains(why, error.GetProperty("message").GetString());
        Assert.Equal(0, server.Core.Models.Host.MemoryInUse);
    }

    [Fact]
    public async Task A_name_that_is_taken_is_an_error_at_the_start()
    {
        foreach (string name in new[] { "tiny", "two" })
        {
            string folder = TinyAdapters.Write(_folder.File("x"), 1);
            ServerConfigurationException error = await Assert.ThrowsAsync<ServerConfigurationException>(() =>
                TestServer.StartAsync(options => Give(options, Named("two", folder), Named(name, folder))));
            Assert.Contains($"Two models are called {name}", error.Message);
            Assert.Contains("--lora-modules", error.Message);
        }
    }

    private static string Body(string model) => $$"""
        {"model": "{{model}}", "prompt": "the cat", "max_tokens": 20, "temperature": 0, "ignore_eos": true,
        "return_token_ids": true}
        """;

    private static AdapterFile Named(string name, string path) => new() { Name = name, Path = path };

    private static int[] Ids(JsonElement answer) =>
        [.. answer.GetProperty("choices")[0].GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32())];

    private static void Give(SeriatimServerOptions options, params AdapterFile[] adapters) =>
        options.Models[0] = options.Models[0] with { Options = options.Models[0].Options with { Adapters = adapters } };

    private Task<TestServer> StartAsync(Action<SeriatimServerOptions>? configure = null) => TestServer.StartAsync(options =>
    {
        Give(options, Named("one", TinyAdapters.Write(_folder.File("one"), 1)),
            Named("two", TinyAdapters.Write(_folder.File("two"), 2)));
        configure?.Invoke(options);
    });

    private sealed class AdapterFactAttribute : FactAttribute
    {
        public AdapterFactAttribute()
        {
            if (!Directory.Exists(Path.Combine(Repository.Root, "..", "shared", "adapters")))
                Skip = "there is no ../shared/adapters";
        }
    }
}
