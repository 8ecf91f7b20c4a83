namespace Seriatim.Server;

/// <summary><c>POST /v1/messages/count_tokens</c>: how long a prompt is.</summary>
internal sealed class CountTokensEndpoint : Endpoint
{
    public override string Method => "POST";

    public override string Path => "/v1/messages/count_tokens";

    public override string Summary => "Counts the tokens of a conversation (Anthropic).";

    public override FieldTable Fields => MessagesFields.Count;

    public override IErrorStyle Errors => AnthropicErrors.Instance;

    public override async Task HandleAsync(ApiCall call)
    {
        MessagesRequest request = await call.ReadAsync(MessagesFields.Count).ConfigureAwait(false);
        using ModelUse use = await call.Server.Models.Find(request.Job.Model)
            .UseAsync(call.Aborted, looks: true).ConfigureAwait(false);
        JobPlan plan = request.Job.Plan(use);
        int tokens = plan.Requests[0].Prompt.Length + plan.Requests[0].EncoderInput.Length;
        await call.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("input_tokens"u8, tokens);
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }
}
