using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>What <c>generate --json</c> prints for each continuation.</summary>
/// <param name="Index">Number of the prompt, from 0.</param>
/// <param name="Choice">Number of the continuation, from 0.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Text">Prompt and continuation (encoder-decoder: the output alone).</param>
/// <param name="Completion">The continuation alone.</param>
/// <param name="TokenIds">Ids of prompt and continuation.</param>
/// <param name="NewIds">Ids of the continuation.</param>
/// <param name="FinishReason">Why it ended: end_of_sequence, stop_string, length, ...</param>
/// <param name="Seed">Seed of its random numbers.</param>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="NewTokens">Tokens of the continuation.</param>
/// <param name="FirstTokenMs">From submission to the first token.</param>
/// <param name="TotalMs">From submission to the end.</param>
internal sealed record GenerationLine(
    int Index, int Choice, string Prompt, string Text, string Completion, IReadOnlyList<int> TokenIds, IReadOnlyList<int> NewIds,
    string FinishReason, ulong Seed, int PromptTokens, int NewTokens, double? FirstTokenMs, double TotalMs)
{
    public static GenerationLine Of(int index, Prompt prompt, GenerationRequest request, GenerationChoice choice, GenerationResult result)
    {
        bool continues = request.EncoderInput.IsEmpty;
        return new GenerationLine(
            index, choice.Index, prompt.Text, continues ? prompt.Text + choice.Text : choice.Text, choice.Text,
            [.. request.Prompt.Span, .. choice.TokenIds], choice.TokenIds,
            System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName($"{choice.Finish}"), request.Seed,
            result.Usage.PromptTokens, choice.TokenIds.Count, result.Timings.FirstToken?.TotalMilliseconds, result.Timings.Total.TotalMilliseconds);
    }
}
