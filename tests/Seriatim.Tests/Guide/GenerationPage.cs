using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

namespace GuidePages;

/// <summary>The snippets of docs/guide/generation.md as they stand, in a namespace that sees nothing but their usings.</summary>
internal static class GenerationPage
{
    public static async Task RunAsync(string folder, StringWriter console)
    {
        using var model = Model.Load(folder);
        using var ops = CpuOps.Create();
        var tokenizer = Tokenizer.Load(folder);
        using var engine = new GenerationEngine(new LoadedModel(model, ops));

        var request = new GenerationRequest
        {
            Prompt = tokenizer.Encode("Once upon a time"),
            MaxNewTokens = 100,
            Sampling = new SamplingOptions { Temperature = 0.8f, TopP = 0.95f },
            Seed = 1,
            Tokenizer = tokenizer,
        };
        await foreach (GenerationUpdate update in engine.GenerateAsync(request))
            console.Write(update.Text);

        Assert.NotEmpty($"{console}");
    }
}
