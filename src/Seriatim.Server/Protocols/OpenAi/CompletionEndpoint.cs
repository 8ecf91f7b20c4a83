using System.Text.Json;

namespace Seriatim.Server;

/// <summary><c>POST /v1/completions</c>: goes on with texts.</summary>
internal sealed class CompletionEndpoint : Endpoint
{
    private const string Kind = "text_completion";

    public override string Method => "POST";

    public override string Path => "/v1/completions";

    public override string Summary => "Goes on with texts.";

    public override FieldTable Fields => CompletionFields.Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override bool CanBeDurable => true;

    public override async Task HandleAsync(ApiCall call)
    {
        CompletionRequest request = await call.ReadAsync(CompletionFields.Table).ConfigureAwait(false);
        if (request.Output.Streams)
            RequireWhole(request);
        using RunningJob job = await call.Server.Jobs.StartAsync(call, request.Job).ConfigureAwait(false);
        AnswerHead head = AnswerHead.Of(call, job, "cmpl", Kind);
        if (request.Output.Streams)
        {
            await StreamAsync(call, head, request, job).ConfigureAwait(false);
            return;
        }

        JobResult result = await job.CompleteAsync().ConfigureAwait(false);
        await call.WriteAsync(json => Write(json, head, request, job, result)).ConfigureAwait(false);
    }

    private static void Write(Utf8JsonWriter json, AnswerHead head, CompletionRequest request, RunningJob job, JobResult result)
    {
        json.WriteStartObject();
        OpenAiJson.WriteHead(json, head);
        json.WriteStartArray("choices"u8);
        foreach (Answer answer in result.Answers)
        {
            int prompt = answer.Index / job.Count;
            string echo = EchoOf(request, job, prompt);
            json.WriteStartObject();
            json.WriteNumber("index"u8, answer.Index);
            json.WriteString("text"u8, echo + answer.Content);
            if (answer.Choice.Logprobs is { } logprobs)
            {
                var written = new CompletionLogprobs(job.Language.Tokenizer, request.Output.ShowsIds);
                if (request.Echoes)
                {
                    written.AddPrompt(job.Requests[prompt].Prompt.Span, result.Results[prompt].PromptLogprobs,
                        request.Job.Generation.Logprobs ?? 0);
                }

                written.Add(logprobs);
                written.Write(json);
            }
            else
                json.WriteNull("logprobs"u8);
            OpenAiJson.WriteFinish(json, answer.Finish, hasCalls: false);
            if (request.Job.Generation.TellsPromptLogprobs)
            {
                PromptLogprobs.Write(json, job.Language.Tokenizer, job.Requests[prompt].Prompt.Span,
                    result.Results[prompt].PromptLogprobs);
            }

            if (request.Output.ShowsIds)
            {
                OpenAiJson.WriteIds(json, "prompt_token_ids", job.Requests[prompt].Prompt.ToArray());
                OpenAiJson.WriteIds(json, "token_ids", answer.Choice.TokenIds);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        OpenAiJson.WriteUsage(json, result.Results, job.ReasoningTokens(result.Results));
        json.WriteEndObject();
    }

    /// <exception cref="ApiException">A stream is asked for what is known later than it begins.</exception>
    private static void RequireWhole(CompletionRequest request)
    {
        PromptLogprobs.RequireWhole(request.Job.Generation);
        if (request is { Echoes: true, Job.Generation.PromptLogprobs: not null })
        {
            throw ApiException.Invalid("The log-probabilities of a prompt are known when it has been read, and a stream begins "
                + "before; set stream to false, or leave echo or logprobs out.", "echo", "invalid_value");
        }
    }

    private static async Task StreamAsync(ApiCall call, AnswerHead head, CompletionRequest request, RunningJob job)
    {
        SseStream stream = SseStream.Begin(call);
        var chunks = new CompletionChunks(head, request.Output, job, stream);
        if (request.Echoes)
        {
            for (int index = 0; index < job.Requests.Count * job.Count; index++)
                chunks.WriteEcho(index, EchoOf(request, job, index / job.Count));
        }

        await chunks.RunAsync().ConfigureAwait(false);
    }

    private static string EchoOf(CompletionRequest request, RunningJob job, int prompt) => !request.Echoes ? ""
        : request.Job.Prompts[prompt].Text ?? job.Language.Tokenizer.Decode([.. request.Job.Prompts[prompt].Ids!]);
}
