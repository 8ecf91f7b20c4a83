using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>One server for many small requests, whose chat template reads all that requests may say.</summary>
public sealed class ContractServer : IAsyncLifetime
{
    internal TestServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await TestServer.StartAsync(
        template: TinyModels.ToolTemplate.Replace("{% if add_generation_prompt %}", "{{ mood }}{{ reasoning_effort }}{% if add_generation_prompt %}",
            StringComparison.Ordinal));

    public async Task DisposeAsync() => await Server.DisposeAsync();
}
