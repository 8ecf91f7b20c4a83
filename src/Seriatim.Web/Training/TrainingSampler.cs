using Seriatim.Generation;

namespace Seriatim.Web.Training;

/// <summary>Has a model that is being trained write something.</summary>
internal static class TrainingSampler
{
    private const int Tokens = 80;

    /// <summary>What the model of a checkpoint goes on with.</summary>
    /// <param name="folder">The checkpoint: a whole model.</param>
    /// <param name="prompt">The beginning; empty: none.</param>
    public static async Task<string> WriteAsync(string folder, string prompt)
    {
        await using LanguageModel model = await LanguageModel.OpenAsync(folder, new LanguageModelOptions
        {
            Engine = new EngineOptions { MemoryBytes = 64 << 20, MaxSequences = 1 },
        }).ConfigureAwait(false);
        GenerationRequest request = model.Request(prompt.Length > 0 ? prompt : "\n");
        request = request with
        {
            MaxNewTokens = Math.Max(1, Math.Min(Tokens, model.Model.Spec.Context - request.Prompt.Length)),
            Seed = 1,
            Sampling = request.Sampling with { Temperature = 0.8f },
        };
        GenerationResult result = await model.CompleteAsync(request).ConfigureAwait(false);
        return result.Choices[0].Text;
    }
}
