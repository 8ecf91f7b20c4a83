namespace Seriatim.Server;

/// <summary>An endpoint of ollama's API.</summary>
internal abstract class OllamaEndpoint : Endpoint
{
    public override string Method => "POST";

    public override IErrorStyle Errors => OllamaErrors.Instance;
}
