using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>Requests that are remembered, as JSON: their timeline, and the record from which they can be repeated.</summary>
internal static class RequestJson
{
    public static void Write(Utf8JsonWriter json, RequestRecord record)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, record.Id);
        json.WriteString("object"u8, "request"u8);
        json.WriteString("number"u8, record.Number);
        json.WriteString("path"u8, record.Path);
        json.WriteString("client"u8, record.Client);
        json.WriteNumber("created"u8, record.Created);
        json.WriteString("state"u8, record.State);
        json.WriteString("model"u8, record.Model);
        json.WriteString("model_hash"u8, record.ModelHash);
        json.WriteString("system_fingerprint"u8, record.Fingerprint);
        json.WriteString("version"u8, ModelIdentity.Version);
        json.WriteStartArray("timeline"u8);
        foreach (RequestEvent happened in record.Events)
            Write(json, happened);
        json.WriteEndArray();
        if (record.Dropped > 0)
            json.WriteNumber("timeline_dropped"u8, record.Dropped);
        json.WriteStartArray("prompts"u8);
        foreach (RecordedPrompt prompt in record.Prompts)
            Write(json, prompt);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, RequestEvent happened)
    {
        json.WriteStartObject();
        json.WriteNumber("at_ms"u8, Milliseconds(happened.At));
        json.WriteString("event"u8, happened.Name);
        json.WriteNumber("prompt"u8, happened.Prompt);
        if (happened.Count is { } count)
            json.WriteNumber("tokens"u8, count);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, RecordedPrompt prompt)
    {
        json.WriteStartObject();
        json.WriteNumber("tokens"u8, prompt.Tokens);
        json.WriteString("prompt_hash"u8, prompt.PromptHash);
        if (prompt.Seed is { } seed)
            json.WriteNumber("seed"u8, seed);
        json.WritePropertyName("options"u8);
        json.WriteRawValue(prompt.Options, skipInputValidation: true);
        WriteStrings(json, "output_hashes", prompt.OutputHashes);
        WriteStrings(json, "finish", prompt.Finishes.Select(finish => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{finish}")));
        if (prompt is { Usage: { } usage, Timings: { } timings })
        {
            json.WriteStartObject("usage"u8);
            json.WriteNumber("prompt_tokens"u8, usage.PromptTokens);
            json.WriteNumber("cached_tokens"u8, usage.CachedTokens);
            json.WriteNumber("new_tokens"u8, usage.NewTokens);
            json.WriteNumber("forward_rows"u8, usage.ForwardRows);
            json.WriteNumber("draft_tokens"u8, usage.DraftTokens);
            json.WriteNumber("accepted_tokens"u8, usage.AcceptedTokens);
            json.WriteNumber("preemptions"u8, usage.Preemptions);
            json.WriteEndObject();
            json.WriteStartObject("times"u8);
            json.WriteNumber("queued_ms"u8, Milliseconds(timings.Queued));
            if (timings.FirstToken is { } first)
                json.WriteNumber("first_token_ms"u8, Milliseconds(first));
            json.WriteNumber("total_ms"u8, Milliseconds(timings.Total));
            json.WriteNumber("sampling_ms"u8, Milliseconds(timings.Sampling));
            json.WriteEndObject();
        }

        if (prompt is { PromptIds: { } ids, EncoderIds: { } encoderIds })
        {
            OpenAiJson.WriteIds(json, "prompt_ids", ids);
            OpenAiJson.WriteIds(json, "encoder_ids", encoderIds);
        }

        json.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);
}
