using System.Text;
using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>What answers of OpenAI's API have in common.</summary>
internal static class OpenAiJson
{
    /// <summary>Id, kind, time, model, fingerprint.</summary>
    public static void WriteHead(Utf8JsonWriter json, AnswerHead head)
    {
        json.WriteString("id"u8, head.Id);
        json.WriteString("object"u8, head.Kind);
        json.WriteNumber("created"u8, head.Created);
        json.WriteString("model"u8, head.Model);
        json.WriteString("system_fingerprint"u8, head.Fingerprint);
    }

    public static string ReasonOf(FinishReason finish, bool hasCalls) =>
        hasCalls ? "tool_calls" : finish is FinishReason.Length or FinishReason.Timeout ? "length" : "stop";

    /// <summary>
    /// Why an answer ended, and what OpenAI has no word for: that its time was over (vLLM's <c>stop_reason</c>).
    /// </summary>
    public static void WriteFinish(Utf8JsonWriter json, FinishReason finish, bool hasCalls)
    {
        json.WriteString("finish_reason"u8, ReasonOf(finish, hasCalls));
        if (finish == FinishReason.Timeout)
            json.WriteString("stop_reason"u8, "timeout"u8);
    }

    /// <summary>Counts, and llama.cpp's times.</summary>
    /// <param name="json">Where they go.</param>
    /// <param name="results">What was counted.</param>
    /// <param name="reasoning">Tokens that were thought.</param>
    public static void WriteUsage(Utf8JsonWriter json, IReadOnlyList<GenerationResult> results, int reasoning)
    {
        int prompt = results.Sum(result => result.Usage.PromptTokens), output = results.Sum(result => result.Usage.NewTokens);
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, prompt);
        json.WriteNumber("completion_tokens"u8, output);
        json.WriteNumber("total_tokens"u8, prompt + output);
        json.WriteStartObject("prompt_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, results.Sum(result => result.Usage.CachedTokens));
        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, reasoning);
        json.WriteEndObject();
        json.WriteEndObject();
        WriteTimings(json, results);
    }

    /// <summary>
    /// Blocks that should be calls and cannot be read: neither calls nor content, and not to be passed over in silence.
    /// </summary>
    /// <param name="json">Where they go.</param>
    /// <param name="blocks">As the model wrote them.</param>
    /// <param name="call">In a stream: the call that had begun, and that is none; null: none had.</param>
    public static void WriteMalformed(Utf8JsonWriter json, IReadOnlyList<string> blocks, int? call)
    {
        json.WriteStartArray("malformed_tool_calls"u8);
        foreach (string block in blocks)
        {
            json.WriteStartObject();
            if (call is { } index)
                json.WriteNumber("index"u8, index);
            json.WriteString("text"u8, block);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>
    /// The log-probabilities of new tokens, as chats have them; with their ids, as llama.cpp, where ids are asked for.
    /// </summary>
    public static void WriteLogprobs(
        Utf8JsonWriter json, Tokenizer tokenizer, IReadOnlyList<TokenLogprobs> logprobs, bool showsIds)
    {
        json.WriteStartObject("logprobs"u8);
        json.WriteStartArray("content"u8);
        WriteLogprobItems(json, tokenizer, logprobs, showsIds);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The items of such a list alone.</summary>
    public static void WriteLogprobItems(
        Utf8JsonWriter json, Tokenizer tokenizer, IReadOnlyList<TokenLogprobs> logprobs, bool showsIds = false)
    {
        foreach (TokenLogprobs token in logprobs)
        {
            json.WriteStartObject();
            WriteLogprob(json, tokenizer, token.Chosen, showsIds);
            json.WriteStartArray("top_logprobs"u8);
            foreach (TokenLogprob other in token.Top)
            {
                json.WriteStartObject();
                WriteLogprob(json, tokenizer, other, showsIds);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    /// <summary>The text of a token: its bytes where they are letters of their own.</summary>
    public static string TextOf(Tokenizer tokenizer, int id) => tokenizer.IsSpecial(id) ? tokenizer.PieceOf(id)
        : tokenizer.TryGetBytes(id, out byte[]? bytes) ? Encoding.UTF8.GetString(bytes) : tokenizer.PieceOf(id);

    public static void WriteIds(Utf8JsonWriter json, string name, IEnumerable<int> ids)
    {
        json.WriteStartArray(name);
        foreach (int id in ids)
            json.WriteNumberValue(id);
        json.WriteEndArray();
    }

    /// <summary>JSON has no infinity: a token that cannot come has the least number there is.</summary>
    public static double Finite(double logprob) => double.IsFinite(logprob) ? logprob : -9999.0;

    private static void WriteLogprob(Utf8JsonWriter json, Tokenizer tokenizer, in TokenLogprob token, bool showsIds)
    {
        if (showsIds)
            json.WriteNumber("id"u8, token.TokenId);
        json.WriteString("token"u8, TextOf(tokenizer, token.TokenId));
        json.WriteNumber("logprob"u8, Finite(token.Logprob));
        json.WriteStartArray("bytes"u8);
        if (tokenizer.TryGetBytes(token.TokenId, out byte[]? bytes))
        {
            foreach (byte part in bytes)
                json.WriteNumberValue(part);
        }

        json.WriteEndArray();
    }

    private static void WriteTimings(Utf8JsonWriter json, IReadOnlyList<GenerationResult> results)
    {
        int cached = results.Sum(result => result.Usage.CachedTokens);
        int prompt = results.Sum(result => result.Usage.PromptTokens) - cached;
        int output = results.Sum(result => result.Usage.NewTokens);
        double promptMs = results.Max(result => ((result.Timings.FirstToken ?? result.Timings.Total) - result.Timings.Queued)
            .TotalMilliseconds);
        double outputMs = results.Max(result => (result.Timings.Total - (result.Timings.FirstToken ?? result.Timings.Total))
            .TotalMilliseconds);
        json.WriteStartObject("timings"u8);
        json.WriteNumber("cache_n"u8, cached);
        json.WriteNumber("prompt_n"u8, prompt);
        json.WriteNumber("prompt_ms"u8, Math.Round(promptMs, 3));
        json.WriteNumber("prompt_per_second"u8, PerSecond(prompt, promptMs));
        json.WriteNumber("predicted_n"u8, output);
        json.WriteNumber("predicted_ms"u8, Math.Round(outputMs, 3));
        json.WriteNumber("predicted_per_second"u8, PerSecond(output, outputMs));
        json.WriteNumber("draft_n"u8, results.Sum(result => result.Usage.DraftTokens));
        json.WriteNumber("draft_n_accepted"u8, results.Sum(result => result.Usage.AcceptedTokens));
        json.WriteEndObject();
    }

    private static double PerSecond(int count, double milliseconds) =>
        milliseconds > 0 ? Math.Round(count * 1000.0 / milliseconds, 3) : 0;
}
