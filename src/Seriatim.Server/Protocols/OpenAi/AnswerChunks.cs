using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>The chunks of a stream of OpenAI's API.</summary>
/// <param name="head">What each begins with.</param>
/// <param name="output">What they hold beside the answer.</param>
/// <param name="job">The job.</param>
/// <param name="stream">Where they go.</param>
internal abstract class AnswerChunks(AnswerHead head, OpenAiOutput output, RunningJob job, SseStream stream)
{
    protected RunningJob Job => job;

    protected OpenAiOutput Output => output;

    /// <summary>Writes a piece of an answer.</summary>
    public abstract void Write(AnswerDelta delta);

    /// <summary>Writes the pieces as they come, then the counts.</summary>
    public Task RunAsync() => stream.RunAsync(job.ReadAsync(), Write, async () =>
        WriteEnd(await job.ResultsAsync().ConfigureAwait(false)));

    /// <summary>Writes a chunk with one choice.</summary>
    /// <param name="choice">Which answer.</param>
    /// <param name="write">Writes what is in it.</param>
    protected void WriteChunk(int choice, Action<Utf8JsonWriter> write) => stream.Write(json =>
    {
        json.WriteStartObject();
        OpenAiJson.WriteHead(json, head);
        json.WriteStartArray("choices"u8);
        json.WriteStartObject();
        json.WriteNumber("index"u8, choice);
        write(json);
        json.WriteEndObject();
        json.WriteEndArray();
        if (output.IncludesUsage)
            json.WriteNull("usage"u8);
        json.WriteEndObject();
    }, answer: choice);

    /// <summary>Writes how an answer stands: its end, if it is that, and its token ids, if they were asked for.</summary>
    protected void WriteState(Utf8JsonWriter json, in AnswerDelta delta)
    {
        if (delta.Finish is { } finish)
            OpenAiJson.WriteFinish(json, finish, delta.HasCalls);
        else
            json.WriteNull("finish_reason"u8);
        if (output.ShowsIds)
            OpenAiJson.WriteIds(json, "token_ids", delta.TokenIds ?? []);
    }

    /// <summary>What the chunk with the counts tells beside them.</summary>
    protected virtual void WriteMore(Utf8JsonWriter json)
    {
    }

    /// <summary>The counts, if they were asked for; the times of llama.cpp come with them.</summary>
    private void WriteEnd(IReadOnlyList<GenerationResult> results)
    {
        if (output.IncludesUsage)
        {
            stream.Write(json =>
            {
                json.WriteStartObject();
                OpenAiJson.WriteHead(json, head);
                json.WriteStartArray("choices"u8);
                json.WriteEndArray();
                OpenAiJson.WriteUsage(json, results, job.ReasoningTokens(results));
                WriteMore(json);
                json.WriteEndObject();
            });
        }

        stream.Write("[DONE]"u8);
    }
}
