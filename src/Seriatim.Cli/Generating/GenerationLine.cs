using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary>What <c>generate --json</c> prints for each continuation.</summary>
/// <param name="Index">Number of the prompt, from 0.</param>
/// <param name="Choice">Number of the continuation, from 0.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Text">Prompt and continuation (encoder-decoder: the output alone).</param>
/// <param name="Completion">The continuation alone.</param>
/// <param name="TokenIds">Ids of prompt and continuation.</param>
/// <param name="NewIds">Ids of the continuation.</param>
/// <param name="FinishReason">Why it ended: end_of_sequence, stop_string, length, ..., cancelled.</param>
/// <param name="Seed">Seed of its random numbers.</param>
/// <param name="Score">Beams: the score of the text; --best-of: its mean log-probability.</param>
/// <param name="Logprobs">One for each new token, with --logprobs.</param>
/// <param name="PromptLogprobs">One for each token of the prompt but the first, with --prompt-logprobs.</param>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="NewTokens">Tokens of the continuation.</param>
/// <param name="DraftTokens">Tokens that were drafted, with speculation.</param>
/// <param name="AcceptedTokens">Of these, tokens that were accepted.</param>
/// <param name="FirstTokenMs">From submission to the first token.</param>
/// <param name="TotalMs">From submission to the end.</param>
internal sealed record GenerationLine(
    int Index, int Choice, string Prompt, string Text, string Completion, IReadOnlyList<int> TokenIds, IReadOnlyList<int> NewIds,
    string FinishReason, ulong Seed, double? Score, LogprobLine[]? Logprobs, LogprobLine[]? PromptLogprobs, int PromptTokens,
    int NewTokens, long? DraftTokens, long? AcceptedTokens, double? FirstTokenMs, double? TotalMs)
{
    public static GenerationLine Of(int index, Prompt prompt, GenerationRequest request, GenerationChoice choice,
        GenerationResult result)
    {
        GenerationUsage? drafts = request.Speculation is null ? null : result.Usage;
        return Of(index, prompt, request, choice.Index, choice.Text, choice.TokenIds,
            JsonNamingPolicy.SnakeCaseLower.ConvertName($"{choice.Finish}")) with
        {
            Score = choice.Score,
            Logprobs = LogprobLine.Of(request.Tokenizer!, choice.Logprobs),
            PromptLogprobs = LogprobLine.Of(request.Tokenizer!, result.PromptLogprobs),
            PromptTokens = result.Usage.PromptTokens,
            Seed = result.Seed,
            DraftTokens = drafts?.DraftTokens,
            AcceptedTokens = drafts?.AcceptedTokens,
            FirstTokenMs = result.Timings.FirstToken?.TotalMilliseconds,
            TotalMs = result.Timings.Total.TotalMilliseconds,
        };
    }

    /// <summary>What there was of a continuation when it was stopped.</summary>
    public static GenerationLine Cancelled(int index, Prompt prompt, GenerationRequest request, int choice, string text,
        IReadOnlyList<int> ids) =>
        Of(index, prompt, request, choice, text, ids, "cancelled");

    private static GenerationLine Of(
        int index, Prompt prompt, GenerationRequest request, int choice, string text, IReadOnlyList<int> ids, string finish)
    {
        bool continues = request.EncoderInput.IsEmpty;
        return new GenerationLine(
            index, choice, prompt.Text, continues ? prompt.Text + text : text, text, [.. request.Prompt.Span, .. ids], ids,
            finish, request.Seed ?? 0, null, null, null, request.Prompt.Length + request.EncoderInput.Length, ids.Count, null,
            null, null, null);
    }
}

/// <summary>A token, its log-probability and its rivals.</summary>
/// <param name="Id">The token.</param>
/// <param name="Text">Its text.</param>
/// <param name="Logprob">Natural logarithm of its probability, before temperature and truncation.</param>
/// <param name="Rank">Tokens that are more probable; null among rivals.</param>
/// <param name="Top">The most probable tokens, best first; null if none were asked for.</param>
internal sealed record LogprobLine(int Id, string Text, double Logprob, int? Rank, LogprobLine[]? Top)
{
    public static LogprobLine[]? Of(Tokenizer tokenizer, IReadOnlyList<TokenLogprobs>? tokens) =>
        tokens is null ? null : [.. tokens.Select(token =>
            Of(tokenizer, token.Chosen) with
            {
                Rank = token.Rank,
                Top = token.Top.Count == 0 ? null : [.. token.Top.Select(top => Of(tokenizer, top))],
            })];

    private static LogprobLine Of(Tokenizer tokenizer, TokenLogprob token) =>
        new(token.TokenId, TokenText.Of(tokenizer, token.TokenId), token.Logprob, null, null);
}
