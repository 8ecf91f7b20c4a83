using System.Text.Json;

namespace Seriatim.Server;

/// <summary>The chunks of a completion's stream.</summary>
/// <param name="head">What each begins with.</param>
/// <param name="output">What they hold beside the answer.</param>
/// <param name="job">The job.</param>
/// <param name="stream">Where they go.</param>
internal sealed class CompletionChunks(AnswerHead head, OpenAiOutput output, RunningJob job, SseStream stream)
    : AnswerChunks(head, output, job, stream)
{
    private readonly Dictionary<int, CompletionLogprobs> _logprobs = [];
    private readonly HashSet<int> _begun = [];

    /// <summary>The prompt, before its answer.</summary>
    public void WriteEcho(int choice, string text) => WriteChunk(choice, json =>
    {
        json.WriteString("text"u8, text);
        json.WriteNull("logprobs"u8);
        json.WriteNull("finish_reason"u8);
    });

    public override void Write(AnswerDelta delta) => WriteChunk(delta.Choice, json =>
    {
        json.WriteString("text"u8, delta.Part.Kind == AnswerPartKind.Content ? delta.Part.Text : "");
        if (delta.Logprobs is { } logprobs)
        {
            // Places count from the beginning of the answer, over all its chunks.
            if (!_logprobs.TryGetValue(delta.Choice, out CompletionLogprobs? written))
                _logprobs[delta.Choice] = written = new CompletionLogprobs(Job.Language.Tokenizer, Output.ShowsIds);
            written.Add(logprobs);
            written.Write(json);
        }
        else
            json.WriteNull("logprobs"u8);
        WriteState(json, delta);
        if (Output.ShowsIds && _begun.Add(delta.Choice))
            OpenAiJson.WriteIds(json, "prompt_token_ids", Job.Requests[delta.Choice / Job.Count].Prompt.ToArray());
    });
}
