using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>The chunks of a completion's stream.</summary>
/// <param name="head">What each begins with.</param>
/// <param name="request">The request.</param>
/// <param name="job">Its job.</param>
/// <param name="stream">Where they go.</param>
internal sealed class CompletionChunks(AnswerHead head, CompletionRequest request, RunningJob job, SseStream stream)
{
    private readonly Dictionary<int, CompletionLogprobs> _logprobs = [];
    private readonly HashSet<int> _begun = [];

    /// <summary>The prompt, before its answer.</summary>
    public void WriteEcho(int choice, string text) => stream.Write(json => WriteChunk(json, () =>
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, choice);
        json.WriteString("text"u8, text);
        json.WriteNull("logprobs"u8);
        json.WriteNull("finish_reason"u8);
        json.WriteEndObject();
    }));

    public void Write(AnswerDelta delta) => stream.Write(json => WriteChunk(json, () => WriteChoice(json, delta)));

    /// <summary>The counts, if they were asked for.</summary>
    public void WriteEnd(IReadOnlyList<GenerationResult> results)
    {
        if (request.Output.IncludesUsage)
        {
            stream.Write(json =>
            {
                json.WriteStartObject();
                OpenAiJson.WriteHead(json, head);
                json.WriteStartArray("choices"u8);
                json.WriteEndArray();
                OpenAiJson.WriteUsage(json, results);
                json.WriteEndObject();
            });
        }

        stream.Write("[DONE]"u8);
    }

    private void WriteChunk(Utf8JsonWriter json, Action writeChoice)
    {
        json.WriteStartObject();
        OpenAiJson.WriteHead(json, head);
        json.WriteStartArray("choices"u8);
        writeChoice();
        json.WriteEndArray();
        if (request.Output.IncludesUsage)
            json.WriteNull("usage"u8);
        json.WriteEndObject();
    }

    private void WriteChoice(Utf8JsonWriter json, in AnswerDelta delta)
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, delta.Choice);
        json.WriteString("text"u8, delta.Part.Kind == AnswerPartKind.Content ? delta.Part.Text : "");
        if (delta.Logprobs is { } logprobs)
        {
            // Places count from the beginning of the answer, over all its chunks.
            if (!_logprobs.TryGetValue(delta.Choice, out CompletionLogprobs? written))
                _logprobs[delta.Choice] = written = new CompletionLogprobs(job.Language.Tokenizer, request.Output.ShowsIds);
            written.Add(logprobs);
            written.Write(json);
        }
        else
            json.WriteNull("logprobs"u8);
        if (delta.Finish is { } finish)
            OpenAiJson.WriteFinish(json, finish, hasCalls: false);
        else
            json.WriteNull("finish_reason"u8);
        if (request.Output.ShowsIds)
        {
            if (_begun.Add(delta.Choice))
                OpenAiJson.WriteIds(json, "prompt_token_ids", job.Requests[delta.Choice / job.Count].Prompt.ToArray());
            OpenAiJson.WriteIds(json, "token_ids", delta.TokenIds ?? []);
        }

        json.WriteEndObject();
    }
}
