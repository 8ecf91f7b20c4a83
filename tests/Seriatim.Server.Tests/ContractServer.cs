using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>One server for many small requests: a model of each kind, and a chat template that reads all that requests may say.</summary>
public sealed class ContractServer : IAsyncLifetime
{
    private readonly TempFolder _encoder = new();
    private readonly TempFolder _translator = new();

    internal TestServer Server { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        TinyModels.WriteBert(_encoder.Path, "BertForMaskedLM");
        TinyModels.WriteT5(_translator.Path);
        LanguageModelOptions small = new() { Engine = new() { MemoryBytes = 16 << 20 } };
        Server = await TestServer.StartAsync(
            options =>
            {
                options.Models.Add(new ServedModelOptions { Model = _encoder.Path, Name = "encoder", Options = small });
                options.Models.Add(new ServedModelOptions { Model = _translator.Path, Name = "translator", Options = small });
            },
            TinyModels.ToolTemplate.Replace("{% if add_generation_prompt %}",
                "{{ mood }}{{ reasoning_effort }}{% if add_generation_prompt %}", StringComparison.Ordinal));
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        _encoder.Dispose();
        _translator.Dispose();
    }
}
