using System.Text.Json;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>Models by name: several, on demand, of a folder, and such as cannot be opened.</summary>
public sealed class ModelTests
{
    [Fact]
    public async Task Two_models_are_served_by_name_and_alias_each_when_it_is_asked_for()
    {
        using var other = new TempFolder();
        TinyModels.WriteLlama(other.Path, seed: 9);
        await using TestServer server = await TestServer.StartAsync(options => options.Models.Add(new ServedModelOptions
        {
            Model = other.Path,
            Name = "second",
            Aliases = ["zwei"],
            Options = new() { Engine = new() { MemoryBytes = 16 << 20 } },
        }));
        Assert.Equal(["unloaded", "unloaded"], await States(server));
        string first = await Text(server, "tiny"), second = await Text(server, "second");
        Assert.NotEqual(first, second);
        Assert.Equal(second, await Text(server, "zwei"));
        Assert.Equal(second, await Text(server, "second:latest"));
        Assert.Equal(["loaded", "loaded"], await States(server));
        await server.FailAsync("/v1/completions", """{"prompt": "x"}""", 400, "missing_field", "model");
        JsonElement one = await server.GetAsync("/v1/models/zwei");
        Assert.Equal("second", one.GetProperty("id").GetString());
        Assert.Equal(256, one.GetProperty("max_model_len").GetInt32());
    }

    [Fact]
    public async Task A_model_that_nobody_uses_is_unloaded_and_opened_again_when_asked_for()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
            options.Models[0] = options.Models[0] with { KeepAlive = TimeSpan.Zero });
        string first = await Text(server, "tiny");
        await Eventually.Is(() => server.Core.Models.Models[0].Status.State == Generation.HostedModelState.Unloaded);
        Assert.Equal(0, server.Core.Models.Host.MemoryInUse);
        Assert.Equal(first, await Text(server, "tiny"));
    }

    [Fact]
    public async Task Models_that_do_not_fit_beside_each_other_take_turns()
    {
        using var other = new TempFolder();
        TinyModels.WriteLlama(other.Path, seed: 9);
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.Host = options.Host with { MemoryBytes = 24 << 20 };
            options.Models.Add(options.Models[0] with { Model = other.Path, Name = "second" });
        });
        for (int i = 0; i < 3; i++)
        {
            await Text(server, "tiny");
            await Text(server, "second");
        }
    }

    [Fact]
    public async Task A_model_that_cannot_be_opened_is_told_and_others_are_served()
    {
        using var broken = new TempFolder();
        File.WriteAllText(broken.File("config.json"), "{}");
        await using TestServer server = await TestServer.StartAsync(options =>
            options.Models.Add(new ServedModelOptions { Model = broken.Path, Name = "broken" }));
        await server.FailAsync("/v1/completions", """{"model": "broken", "prompt": "x"}""", 503, "model_load_failed", "model");
        Assert.Equal(["unloaded", "failed"], await States(server));
        await Text(server, "tiny");
    }

    [Fact]
    public async Task Two_models_under_one_name_are_an_error_at_the_start()
    {
        using var other = new TempFolder();
        TinyModels.WriteLlama(other.Path);
        ServerConfigurationException error =
            await Assert.ThrowsAsync<ServerConfigurationException>(() => TestServer.StartAsync(options =>
            options.Models.Add(new ServedModelOptions { Model = other.Path, Name = "other", Aliases = ["tiny"] })));
        Assert.Contains("tiny", error.Message);
        await Assert.ThrowsAsync<ServerConfigurationException>(() => TestServer.StartAsync(tiny: false));
    }

    [Fact]
    public async Task The_models_of_a_folder_are_served_by_their_names()
    {
        using var folder = new TempFolder();
        foreach (string name in new[] { "one", "two" })
            TinyModels.WriteLlama(Directory.CreateDirectory(folder.File(name)).FullName);
        Directory.CreateDirectory(folder.File("empty"));
        await using TestServer server = await TestServer.StartAsync(tiny: false, configure: options =>
        {
            options.ModelsFolder = folder.Path;
            options.ModelOptions = new() { Engine = new() { MemoryBytes = 16 << 20 } };
        });
        Assert.Equal(["one", "two"], server.Core.Models.Models.Select(model => model.Name));
        await Text(server, "two");
    }

    [Fact]
    public async Task A_server_is_ready_once_its_models_are_open()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
            options.Models[0] = options.Models[0] with { Preload = true });
        await Eventually.Is(() => server.Core.State.IsReady);
        Assert.Equal(["loaded"], await States(server));
    }

    [Fact]
    public async Task An_encoder_is_asked_for_no_text()
    {
        using var folder = new TempFolder();
        TinyModels.WriteBert(folder.Path, "BertForMaskedLM");
        await using TestServer server = await TestServer.StartAsync(tiny: false,
            configure: options => options.Models.Add(new ServedModelOptions { Model = folder.Path, Name = "bert" }));
        await server.FailAsync("/v1/completions", """{"prompt": "x"}""", 400, "wrong_task", "model");
        JsonElement plain = await server.AskAsync("/tokenize", """{"content": "the cat"}""");
        foreach (string field in new[] { "add_special", "add_special_tokens" })
        {
            JsonElement with = await server.AskAsync("/tokenize", $$"""{"content": "the cat", "{{field}}": true}""");
            Assert.Equal(plain.GetProperty("count").GetInt32() + 2, with.GetProperty("count").GetInt32());
        }
    }

    private static async Task<string> Text(TestServer server, string model) => (await server.AskAsync("/v1/completions",
        $$"""{"model": "{{model}}", "prompt": "the cat", "max_tokens": 6, "seed": 4}"""))
        .GetProperty("choices")[0].GetProperty("text").GetString()!;

    private static async Task<string[]> States(TestServer server) =>
        [.. (await server.GetAsync("/v1/models")).GetProperty("data").EnumerateArray()
            .Select(model => model.GetProperty("status").GetProperty("value").GetString()!)];
}
