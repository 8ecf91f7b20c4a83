using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>A server of a tiny model whose vocabulary has marks as tokens, so that a bias can have it write them.</summary>
internal sealed class MarkedModel : IAsyncDisposable
{
    private readonly TempFolder _folder = new();

    public TestServer Server { get; private set; } = null!;

    public static async Task<MarkedModel> StartAsync(string template, params string[] marks)
    {
        var made = new MarkedModel();
        TinyModels.WriteLlama(made._folder.Path, template: template, marks: marks);
        made.Server = await TestServer.StartAsync(tiny: false, configure: options => options.Models.Add(new ServedModelOptions
        {
            Model = made._folder.Path,
            Name = "marked",
            Options = new() { Engine = new() { MemoryBytes = 16 << 20 } },
        }));
        await made.Server.AskAsync("/tokenize", """{"content": "x"}""");
        return made;
    }

    /// <summary>The id of a token.</summary>
    public int IdOf(string piece) => Server.Core.Models.Models[0].Opened!.Tokenizer.IdOf(piece)!.Value;

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}
