using System.Text.Json;

namespace Seriatim.Web.Translate;

/// <summary>A hypothesis.</summary>
/// <param name="Text">The translation.</param>
/// <param name="Score">Its score; null: none was told.</param>
/// <param name="Tokens">How many tokens it has.</param>
public sealed record TranslatedText(string Text, double? Score, int Tokens)
{
    /// <summary>All hypotheses of an answer of <c>/v1/translate</c>, the best first.</summary>
    internal static IReadOnlyList<TranslatedText> Read(JsonElement answer)
    {
        JsonElement one = answer.GetProperty("translations")[0];
        return [Of(one), .. one.GetProperty("alternatives").EnumerateArray().Select(Of)];
    }

    private static TranslatedText Of(JsonElement json) => new(json.GetProperty("text").GetString()!,
        json.TryGetProperty("score", out JsonElement score) ? score.GetDouble() : null, json.GetProperty("tokens").GetInt32());
}
