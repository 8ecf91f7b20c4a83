using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>The chunks of a chat's stream.</summary>
/// <param name="head">What each begins with.</param>
/// <param name="request">The request.</param>
/// <param name="job">Its job.</param>
/// <param name="stream">Where they go.</param>
internal sealed class ChatChunks(AnswerHead head, ChatRequest request, RunningJob job, SseStream stream)
{
    /// <summary>Says whose turn it is, for each answer.</summary>
    public void WriteBegin(string echo)
    {
        for (int choice = 0; choice < job.Count; choice++)
        {
            int index = choice;
            stream.Write(json => WriteChunk(json, () =>
            {
                json.WriteStartObject();
                json.WriteNumber("index"u8, index);
                json.WriteStartObject("delta"u8);
                json.WriteString("role"u8, "assistant"u8);
                json.WriteString("content"u8, echo);
                json.WriteEndObject();
                json.WriteNull("finish_reason"u8);
                json.WriteEndObject();
            }));
        }
    }

    public void Write(AnswerDelta delta)
    {
        // Clients of this protocol see that a call is complete by the next one, or the end.
        if (delta.Part.Kind != AnswerPartKind.CallEnd)
            stream.Write(json => WriteChunk(json, () => WriteChoice(json, delta)));
    }

    /// <summary>The counts, if they were asked for; the times of llama.cpp come with them.</summary>
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
                if (request.Output.ShowsIds)
                    OpenAiJson.WriteIds(json, "prompt_token_ids", job.Requests[0].Prompt.ToArray());
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
        json.WriteStartObject("delta"u8);
        WriteDelta(json, delta.Part);
        json.WriteEndObject();
        if (delta.Logprobs is { } logprobs)
            OpenAiJson.WriteLogprobs(json, job.Language.Tokenizer, logprobs, request.Output.ShowsIds);
        else
            json.WriteNull("logprobs"u8);
        if (delta.Finish is { } finish)
            OpenAiJson.WriteFinish(json, finish, delta.HasCalls);
        else
            json.WriteNull("finish_reason"u8);
        if (request.Output.ShowsIds)
            OpenAiJson.WriteIds(json, "token_ids", delta.TokenIds ?? []);
        json.WriteEndObject();
    }

    private static void WriteDelta(Utf8JsonWriter json, in AnswerPart part)
    {
        switch (part.Kind)
        {
            case AnswerPartKind.Content:
                json.WriteString("content"u8, part.Text);
                break;
            case AnswerPartKind.Reasoning:
                json.WriteString("reasoning_content"u8, part.Text);
                break;
            case AnswerPartKind.CallBegin or AnswerPartKind.CallArguments:
                json.WriteStartArray("tool_calls"u8);
                json.WriteStartObject();
                json.WriteNumber("index"u8, part.Call);
                if (part.CallId is { } id)
                {
                    json.WriteString("id"u8, id);
                    json.WriteString("type"u8, "function"u8);
                }

                json.WriteStartObject("function"u8);
                if (part.Tool is { } tool)
                    json.WriteString("name"u8, tool);
                json.WriteString("arguments"u8, part.Text);
                json.WriteEndObject();
                json.WriteEndObject();
                json.WriteEndArray();
                break;
        }
    }
}
