namespace Seriatim.Server;

/// <summary><c>POST /api/generate</c>.</summary>
internal sealed class OllamaGenerateEndpoint : OllamaEndpoint
{
    public override string Path => "/api/generate";

    public override string Summary => "Answers a prompt (ollama).";

    public override FieldTable Fields => OllamaFields.Generate;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override async Task HandleAsync(ApiCall call) =>
        await OllamaAnswer.WriteAsync(call,
            await call.ReadAsync(OllamaFields.Generate).ConfigureAwait(false)).ConfigureAwait(false);
}
