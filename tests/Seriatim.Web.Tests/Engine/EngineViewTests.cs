using Bunit;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;
using Seriatim.Web.Engine;
using Seriatim.Web.Shell;
using Seriatim.Web.Texts;

namespace Seriatim.Web.Tests;

/// <summary>The parts of the engine's view that show numbers.</summary>
public sealed class EngineViewTests : IAsyncLifetime
{
    private readonly BunitContext _context = new();
    private readonly PageSession _session = new();
    private readonly EnginePicture _picture = new();

    public Task InitializeAsync()
    {
        _context.JSInterop.Mode = JSRuntimeMode.Loose;
        _context.Services.AddMudServices();
        _context.Services.AddSingleton<EngineMachine>();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _context.DisposeAsync();

    [Fact]
    public void Nothing_is_shown_of_an_engine_that_is_not_open()
    {
        _session.Speak(Language.Chinese);
        Assert.Contains("没有请求", Render<EngineQueue>().Markup);
        Assert.Contains("尚无保留", Render<EnginePrefixes>().Markup);
        Assert.DoesNotContain("table", Render<EngineLimitsCard>().Markup);
        Assert.Equal(9, Render<EngineTiles>().FindAll("dd").Count);
    }

    [Fact]
    public void Requests_stand_in_their_order_with_their_states_and_the_rest_is_counted()
    {
        foreach (string line in EngineTraceTests.Sample(requests: 24))
            _picture.Add(EngineLine.Read(line));
        IRenderedComponent<EngineQueue> queue = Render<EngineQueue>();
        Assert.Equal(20, queue.FindAll("tbody tr").Count);
        Assert.Contains("waiting", queue.FindAll("tbody tr")[1].TextContent);
        Assert.Contains("4 more are not listed", queue.Markup);
        Assert.Contains("512", Render<EngineLimitsCard>().Markup);
        Assert.Equal("24", Render<EngineTiles>().Find("#engine-running").TextContent);
    }

    [Fact]
    public void Processes_that_have_layers_stand_with_what_they_take()
    {
        _picture.Add(EngineLine.Read("""
            {"object":"engine.opened","model":"tiny","family":"llama","context":256,"weight_bytes":1000,"bytes_per_position":64,
            "limits":{"token_budget":512,"max_sequences":64,"max_queued":1024,"page_size":16,"key_value_type":"F32",
            "prefix_cache":true,"draft_model":false,"threads":2,"cores":2,"memory_bytes":1000000},
            "stages":[{"stage":0,"place":"node-a","first_layer":0,"layers":2,
            "weight_bytes":11,"memory_bytes":22,"resident_bytes":33},
            {"stage":1,"place":"node-b","first_layer":2,"layers":3,"weight_bytes":44,"memory_bytes":55,"resident_bytes":66}]}
            """));
        string card = Render<EngineLimitsCard>().Markup;
        Assert.Contains("Process 1 (node-b): layers 2 to 4", card);
        Assert.Contains("44 B weights, 55 B room for texts, 66 B in all", card);
    }

    [Fact]
    public void Silos_of_a_cluster_stand_with_their_replicas_and_state()
    {
        Assert.Empty(Silos(null).Markup.Trim());
        ClusterLine cluster = ClusterLine.Read(System.Text.Json.JsonElement.Parse("""
            {"cluster": "blue", "silo": "a",
            "membership": {"kind": "redis", "reachable": false, "failure": "no connection to Redis"},
            "silos": [{"name": "10.0.0.1:1@2", "here": true, "state": "active", "version": "1", "models": [
              {"name": "m", "fingerprint": "fp_1", "running": 3, "waiting": 4, "pages": 100, "pages_in_use": 25},
              {"name": "n", "fingerprint": null, "running": 0, "waiting": 0, "pages": 0, "pages_in_use": 0}]},
             {"name": "10.0.0.2:1@3", "here": false, "state": "silent", "version": "1", "models": []}],
            "door": {"streams": 1}}
            """));
        IRenderedComponent<EngineSilos> silos = Silos(cluster);
        string[] rows = [.. silos.FindAll("tbody tr").Select(row => row.TextContent)];
        Assert.Equal(3, rows.Length);
        Assert.Contains("10.0.0.1:1@2 (this server)", rows[0]);
        Assert.Contains("25 / 100", rows[0]);
        Assert.Contains("not open", rows[1]);
        Assert.Contains("silent", rows[2]);
        Assert.Contains("blue", silos.Markup);
        Assert.Contains("no connection to Redis", silos.Markup);

        IRenderedComponent<EngineSilos> Silos(ClusterLine? line) => _context.Render<EngineSilos>(parameters =>
        {
            parameters.AddCascadingValue(_session);
            if (line is not null)
                parameters.AddCascadingValue(line);
        });
    }

    private IRenderedComponent<T> Render<T>()
        where T : EnginePart =>
        _context.Render<T>(parameters => parameters.AddCascadingValue(_session).AddCascadingValue(_picture));
}
