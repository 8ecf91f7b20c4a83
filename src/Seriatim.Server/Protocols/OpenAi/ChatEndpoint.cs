using System.Text.Json;

namespace Seriatim.Server;

/// <summary><c>POST /v1/chat/completions</c>: answers a conversation.</summary>
internal sealed class ChatEndpoint : Endpoint
{
    public override string Method => "POST";

    public override string Path => "/v1/chat/completions";

    public override string Summary => "Answers a conversation.";

    public override FieldTable Fields => ChatFields.Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override bool CanBeDurable => true;

    public override async Task HandleAsync(ApiCall call)
    {
        ChatRequest request = await call.ReadAsync(ChatFields.Table).ConfigureAwait(false);
        if (request.Output.Streams)
            PromptLogprobs.RequireWhole(request.Job.Generation);
        using RunningJob job = await call.Server.Jobs.StartAsync(call, request.Job).ConfigureAwait(false);
        if (request.Output.Streams)
        {
            await StreamAsync(call, request, job).ConfigureAwait(false);
            return;
        }

        JobResult result = await job.CompleteAsync().ConfigureAwait(false);
        AnswerHead head = AnswerHead.Of(call, job, "chatcmpl", "chat.completion");
        await call.WriteAsync(json => Write(json, head, request, job, result)).ConfigureAwait(false);
    }

    private static void Write(Utf8JsonWriter json, AnswerHead head, ChatRequest request, RunningJob job, JobResult result)
    {
        json.WriteStartObject();
        OpenAiJson.WriteHead(json, head);
        json.WriteStartArray("choices"u8);
        foreach (Answer answer in result.Answers)
            Write(json, request, job, answer);
        json.WriteEndArray();
        OpenAiJson.WriteUsage(json, result.Results, job.ReasoningTokens(result.Results));
        if (request.Job.Generation.TellsPromptLogprobs)
            PromptLogprobs.Write(json, job.Language.Tokenizer, job.Requests[0].Prompt.Span, result.Results[0].PromptLogprobs);
        if (request.Output.ShowsIds)
            OpenAiJson.WriteIds(json, "prompt_token_ids", job.Requests[0].Prompt.ToArray());
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ChatRequest request, RunningJob job, Answer answer)
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, answer.Index);
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, "assistant"u8);
        string content = EchoOf(request) + answer.Content;
        if (content.Length > 0 || answer.Calls.Count == 0)
            json.WriteString("content"u8, content);
        else
            json.WriteNull("content"u8);
        json.WriteNull("refusal"u8);
        if (answer.Reasoning.Length > 0)
            json.WriteString("reasoning_content"u8, answer.Reasoning);
        if (answer.Calls.Count > 0)
        {
            json.WriteStartArray("tool_calls"u8);
            foreach (AnsweredCall call in answer.Calls)
            {
                json.WriteStartObject();
                json.WriteString("id"u8, call.Id);
                json.WriteString("type"u8, "function"u8);
                json.WriteStartObject("function"u8);
                json.WriteString("name"u8, call.Tool);
                json.WriteString("arguments"u8, call.Arguments);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        if (answer.Malformed.Count > 0)
            OpenAiJson.WriteMalformed(json, answer.Malformed, null);
        json.WriteEndObject();
        if (answer.Choice.Logprobs is { } logprobs)
            OpenAiJson.WriteLogprobs(json, job.Language.Tokenizer, logprobs, request.Output.ShowsIds);
        else
            json.WriteNull("logprobs"u8);
        OpenAiJson.WriteFinish(json, answer.Finish, answer.Calls.Count > 0);
        if (request.Output.ShowsIds)
            OpenAiJson.WriteIds(json, "token_ids", answer.Choice.TokenIds);
        json.WriteEndObject();
    }

    private static async Task StreamAsync(ApiCall call, ChatRequest request, RunningJob job)
    {
        SseStream stream = SseStream.Begin(call);
        AnswerHead head = AnswerHead.Of(call, job, "chatcmpl", "chat.completion.chunk");
        var chunks = new ChatChunks(head, request.Output, job, stream);
        chunks.WriteBegin(EchoOf(request));
        await chunks.RunAsync().ConfigureAwait(false);
    }

    private static string EchoOf(ChatRequest request) => request.Echoes ? request.Job.Messages[^1].Content! : "";
}
