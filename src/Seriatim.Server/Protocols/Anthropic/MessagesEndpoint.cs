using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary><c>POST /v1/messages</c>: Anthropic's API.</summary>
internal sealed class MessagesEndpoint : Endpoint
{
    public override string Method => "POST";

    public override string Path => "/v1/messages";

    public override string Summary => "Answers a conversation (Anthropic).";

    public override FieldTable Fields => MessagesFields.Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override bool CanBeDurable => true;

    public override IErrorStyle Errors => AnthropicErrors.Instance;

    public override async Task HandleAsync(ApiCall call)
    {
        MessagesRequest request = await call.ReadAsync(MessagesFields.Table).ConfigureAwait(false);
        using RunningJob job = await call.Server.Jobs.StartAsync(call, request.Job).ConfigureAwait(false);
        string id = $"msg_{call.Number}";
        if (request.Streams)
        {
            SseStream stream = SseStream.Begin(call);
            var events = new MessagesEvents(id, request, job, stream);
            events.WriteStart();
            await stream.RunAsync(job.ReadAsync(), events.Write, async () =>
                events.WriteEnd((await job.ResultsAsync().ConfigureAwait(false))[0])).ConfigureAwait(false);
            return;
        }

        JobResult result = await job.CompleteAsync().ConfigureAwait(false);
        Answer answer = result.Answers[0];
        MessagesStop stop = MessagesStop.Of(answer.Finish, answer.Calls.Count > 0, request, job.Language.Tokenizer,
            answer.Choice.TokenIds);
        await call.WriteAsync(json => Write(json, id, job, answer, stop, result.Results[0].Usage)).ConfigureAwait(false);
    }

    /// <summary>The counts; those of the prompt leave out what was read before, as Anthropic has it.</summary>
    public static void WriteUsage(Utf8JsonWriter json, int prompt, int cached, int output)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, prompt - cached);
        json.WriteNumber("cache_creation_input_tokens"u8, 0);
        json.WriteNumber("cache_read_input_tokens"u8, cached);
        json.WriteNumber("output_tokens"u8, output);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string id, RunningJob job, Answer answer, MessagesStop stop,
        GenerationUsage usage)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("type"u8, "message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("model"u8, job.Model);
        json.WriteStartArray("content"u8);
        if (answer.Reasoning.Length > 0)
            WriteBlock(json, "thinking", block => WriteThinking(block, answer.Reasoning));
        if (answer.Content.Length > 0 || answer.Calls.Count == 0)
            WriteBlock(json, "text", block => block.WriteString("text"u8, answer.Content));
        foreach (AnsweredCall call in answer.Calls)
        {
            WriteBlock(json, "tool_use", block =>
            {
                block.WriteString("id"u8, call.Id);
                block.WriteString("name"u8, call.Tool);
                block.WritePropertyName("input"u8);
                JsonElement.Parse(call.Arguments).WriteTo(block);
            });
        }

        json.WriteEndArray();
        stop.Write(json);
        WriteUsage(json, usage.PromptTokens, usage.CachedTokens, usage.NewTokens);
        json.WriteEndObject();
    }

    private static void WriteThinking(Utf8JsonWriter json, string thoughts)
    {
        json.WriteString("thinking"u8, thoughts);
        json.WriteString("signature"u8, "");
    }

    private static void WriteBlock(Utf8JsonWriter json, string type, Action<Utf8JsonWriter> write)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        write(json);
        json.WriteEndObject();
    }
}
