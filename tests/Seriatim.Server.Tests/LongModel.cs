using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>A server of a tiny model whose answers may be so long that they do not end while a test looks at them.</summary>
internal sealed class LongModel : IAsyncDisposable
{
    private readonly TempFolder _folder = new();

    public TestServer Server { get; private set; } = null!;

    public static async Task<LongModel> StartAsync(Action<SeriatimServerOptions>? configure = null)
    {
        var made = new LongModel();
        TinyModels.WriteLlama(made._folder.Path, context: 1 << 16);
        made.Server = await TestServer.StartAsync(tiny: false, configure: options =>
        {
            options.Models.Add(new ServedModelOptions
            {
                Model = made._folder.Path,
                Name = "long",
                Options = new() { Engine = new() { MemoryBytes = 128 << 20 } },
            });
            configure?.Invoke(options);
        });
        return made;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}
