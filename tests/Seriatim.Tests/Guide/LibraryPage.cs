using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Seriatim;
using Seriatim.Generation;
using ChatMessage = Seriatim.Tokenizers.ChatMessage;

namespace GuidePages;

/// <summary>The snippets of docs/guide/library.md as they stand, in a namespace that sees nothing but their usings.</summary>
internal static class LibraryPage
{
    public static async Task RunAsync(string folder, StringWriter console)
    {
        using var model = await LanguageModel.OpenAsync(folder);
        await foreach (var piece in model.GenerateAsync("the cat", maxNewTokens: 20, seed: 1))
            console.Write(piece.Text);

        var request = model.Request("the cat") with
        {
            MaxNewTokens = 20,
            Sampling = model.Defaults.Sampling with { Temperature = 0.7f },
            Logprobs = 2,
        };
        var result = await model.CompleteAsync(request);
        console.WriteLine($"{result.Choices[0].Text} (seed {result.Seed})");

        ChatMessage[] messages = [new("system", "sing"), new("user", "the cat")];
        await foreach (var piece in model.ChatAsync(messages, maxNewTokens: 20))
            console.Write(piece.Text);

        TextScore score = await model.ScoreAsync("the cat sat");
        console.WriteLine($"{score.Perplexity} {score.Logprob}");
        using var encoder = await TextEncoder.OpenAsync(folder);
        IReadOnlyList<float[]> vectors = await encoder.EmbedAsync(["the cat", "the mice"], PoolingKind.Mean);

        IChatClient chat = model.AsChatClient();
        ChatResponse response = await chat.GetResponseAsync("the cat", new ChatOptions { MaxOutputTokens = 20 });

        IServiceCollection services = new ServiceCollection();
        services.AddSeriatim(folder);
        services.AddHealthChecks().AddSeriatim(tags: ["ready"]);

        Assert.Equal(2, vectors.Count);
        Assert.NotNull(response);
        Assert.Single(result.Choices);
        Assert.Contains(services, service => service.ServiceType == typeof(LanguageModel));
    }
}
