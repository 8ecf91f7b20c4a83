using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>The lines of an answer of ollama's.</summary>
/// <param name="call">The request.</param>
/// <param name="model">The model's name.</param>
/// <param name="isChat">Whether answers are messages.</param>
internal sealed class OllamaOutput(ApiCall call, string model, bool isChat)
{
    private static readonly TimeSpan NoTime = TimeSpan.Zero;

    private readonly List<TokenLogprobs> _logprobs = [];

    /// <summary>How long the model took to open.</summary>
    public TimeSpan Loading { get; init; } = NoTime;

    /// <summary>Makes the texts of tokens; null: no log-probabilities are told.</summary>
    public Tokenizer? Tokenizer { get; init; }

    /// <summary>Log-probabilities that go out with the next line.</summary>
    public void Tell(IReadOnlyList<TokenLogprobs>? logprobs) => _logprobs.AddRange(logprobs ?? []);

    /// <summary>A piece of an answer that goes on.</summary>
    public void WritePiece(Utf8JsonWriter json, string content, string thinking, IReadOnlyList<AnsweredCall> calls)
    {
        json.WriteStartObject();
        WriteHead(json);
        WriteContent(json, content, thinking, calls);
        json.WriteBoolean("done"u8, false);
        json.WriteEndObject();
    }

    /// <summary>The end of an answer, or the whole.</summary>
    public void WriteEnd(Utf8JsonWriter json, string content, string thinking, IReadOnlyList<AnsweredCall> calls, string reason,
        GenerationResult? result)
    {
        json.WriteStartObject();
        WriteHead(json);
        WriteContent(json, content, thinking, calls);
        json.WriteBoolean("done"u8, true);
        json.WriteString("done_reason"u8, reason);
        if (result is not null)
            WriteTimes(json, result);
        json.WriteEndObject();
    }

    /// <summary>Why an answer ended.</summary>
    public static string ReasonOf(FinishReason finish) =>
        finish is FinishReason.Length or FinishReason.Timeout ? "length" : "stop";

    /// <summary>Nanoseconds.</summary>
    public static long Nanoseconds(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;

    private void WriteHead(Utf8JsonWriter json)
    {
        json.WriteString("model"u8, model);
        json.WriteString("created_at"u8, call.Server.Clock.GetUtcNow());
    }

    private void WriteContent(Utf8JsonWriter json, string content, string thinking, IReadOnlyList<AnsweredCall> calls)
    {
        if (isChat)
        {
            json.WriteStartObject("message"u8);
            json.WriteString("role"u8, "assistant"u8);
        }

        json.WriteString(isChat ? "content"u8 : "response"u8, content);
        if (thinking.Length > 0)
            json.WriteString("thinking"u8, thinking);
        if (calls.Count > 0)
        {
            json.WriteStartArray("tool_calls"u8);
            foreach (AnsweredCall tool in calls)
            {
                json.WriteStartObject();
                json.WriteString("id"u8, tool.Id);
                json.WriteStartObject("function"u8);
                json.WriteString("name"u8, tool.Tool);
                json.WritePropertyName("arguments"u8);
                JsonElement.Parse(tool.Arguments).WriteTo(json); // in one line, however the model wrote it
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        if (isChat)
            json.WriteEndObject();
        WriteLogprobs(json);
    }

    private void WriteLogprobs(Utf8JsonWriter json)
    {
        if (_logprobs.Count == 0 || Tokenizer is null)
            return;
        json.WriteStartArray("logprobs"u8);
        OpenAiJson.WriteLogprobItems(json, Tokenizer, _logprobs);
        json.WriteEndArray();
        _logprobs.Clear();
    }

    private void WriteTimes(Utf8JsonWriter json, GenerationResult result)
    {
        GenerationTimings times = result.Timings;
        TimeSpan first = times.FirstToken ?? times.Total;
        json.WriteNumber("total_duration"u8, Nanoseconds(call.Elapsed));
        json.WriteNumber("load_duration"u8, Nanoseconds(Loading));
        json.WriteNumber("prompt_eval_count"u8, result.Usage.PromptTokens);
        json.WriteNumber("prompt_eval_duration"u8, Nanoseconds(first > times.Queued ? first - times.Queued : NoTime));
        json.WriteNumber("eval_count"u8, result.Usage.NewTokens);
        json.WriteNumber("eval_duration"u8, Nanoseconds(times.Total - first));
    }
}
