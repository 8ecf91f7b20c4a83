using System.Text.Json;

namespace Seriatim.Server;

/// <summary>The chunks of a chat's stream.</summary>
/// <param name="head">What each begins with.</param>
/// <param name="output">What they hold beside the answer.</param>
/// <param name="job">The job.</param>
/// <param name="stream">Where they go.</param>
internal sealed class ChatChunks(AnswerHead head, OpenAiOutput output, RunningJob job, SseStream stream)
    : AnswerChunks(head, output, job, stream)
{
    /// <summary>Says whose turn it is, for each answer.</summary>
    public void WriteBegin(string echo)
    {
        for (int choice = 0; choice < Job.Count; choice++)
        {
            WriteChunk(choice, json =>
            {
                json.WriteStartObject("delta"u8);
                json.WriteString("role"u8, "assistant"u8);
                json.WriteString("content"u8, echo);
                json.WriteEndObject();
                json.WriteNull("finish_reason"u8);
            });
        }
    }

    public override void Write(AnswerDelta delta)
    {
        // Clients of this protocol see that a call is complete by the next one, or the end.
        if (delta.Part.Kind != AnswerPartKind.CallEnd)
            WriteChunk(delta.Choice, json => WriteChoice(json, delta));
    }

    protected override void WriteMore(Utf8JsonWriter json)
    {
        if (Output.ShowsIds)
            OpenAiJson.WriteIds(json, "prompt_token_ids", Job.Requests[0].Prompt.ToArray());
    }

    private void WriteChoice(Utf8JsonWriter json, in AnswerDelta delta)
    {
        json.WriteStartObject("delta"u8);
        WriteDelta(json, delta.Part);
        json.WriteEndObject();
        if (delta.Logprobs is { } logprobs)
            OpenAiJson.WriteLogprobs(json, Job.Language.Tokenizer, logprobs, Output.ShowsIds);
        else
            json.WriteNull("logprobs"u8);
        WriteState(json, delta);
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
                WriteCall(json, part);
                break;
            case AnswerPartKind.Malformed:
                OpenAiJson.WriteMalformed(json, [part.Text], part.Call == AnswerPart.NoCall ? null : part.Call);
                break;
        }
    }

    private static void WriteCall(Utf8JsonWriter json, in AnswerPart part)
    {
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
    }
}
