namespace Seriatim.Server;

/// <summary><c>POST /api/chat</c>.</summary>
internal sealed class OllamaChatEndpoint : OllamaEndpoint
{
    public override string Path => "/api/chat";

    public override string Summary => "Answers a conversation (ollama).";

    public override FieldTable Fields => OllamaFields.Chat;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override async Task HandleAsync(ApiCall call)
    {
        OllamaRequest request = await call.ReadAsync(OllamaFields.Chat).ConfigureAwait(false);
        request.IsChat = true;
        await OllamaAnswer.WriteAsync(call, request).ConfigureAwait(false);
    }
}
