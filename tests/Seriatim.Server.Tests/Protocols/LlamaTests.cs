using System.Text.Json;

namespace Seriatim.Server.Tests;

/// <summary>What programs written for llama.cpp's server ask before they begin.</summary>
public sealed class LlamaTests
{
    [Fact]
    public async Task Properties_and_places_are_told()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Models[0] = options.Models[0] with
        {
            Options = new() { Engine = new() { MemoryBytes = 16 << 20, MaxSequences = 3 } },
        });
        Assert.Equal(0, (await server.GetAsync("/slots")).GetArrayLength());
        JsonElement props = await server.GetAsync("/props?model=tiny");
        Assert.Equal(3, props.GetProperty("total_slots").GetInt32());
        Assert.Equal("tiny", props.GetProperty("model_alias").GetString());
        Assert.Equal("<|endoftext|>", props.GetProperty("eos_token").GetString());
        Assert.Contains("im_start", props.GetProperty("chat_template").GetString());
        JsonElement usual = props.GetProperty("default_generation_settings");
        Assert.Equal(256, usual.GetProperty("n_ctx").GetInt32());
        Assert.Equal(0.8, usual.GetProperty("params").GetProperty("temperature").GetDouble());
        JsonElement[] slots = [.. (await server.GetAsync("/slots")).EnumerateArray()];
        Assert.Equal([0, 1, 2], slots.Select(slot => slot.GetProperty("id").GetInt32()));
        Assert.All(slots, slot => Assert.False(slot.GetProperty("is_processing").GetBoolean()));
        using HttpResponseMessage wrong = await server.Client.GetAsync("/slots?modell=tiny");
        Assert.Equal(400, (int)wrong.StatusCode);
    }

    [Fact]
    public async Task A_place_is_busy_while_a_request_runs()
    {
        await using LongModel model = await LongModel.StartAsync(options => options.Models[0] = options.Models[0] with
        {
            Options = new() { Engine = new() { MemoryBytes = 128 << 20, MaxSequences = 1 } },
        });
        await model.Server.AskAsync("/v1/responses", """{"input": "the cat", "ignore_eos": true, "background": true}""");
        await Eventually.Is(() => model.Server.Core.Models.Models[0].Opened?.Engine.Load.Running == 1);
        Assert.True((await model.Server.GetAsync("/slots"))[0].GetProperty("is_processing").GetBoolean());
        using HttpResponseMessage full = await model.Server.Client.GetAsync("/slots?fail_on_no_slot=1");
        Assert.Equal(503, (int)full.StatusCode);
    }
}
