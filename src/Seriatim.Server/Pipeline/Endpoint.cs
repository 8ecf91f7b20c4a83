namespace Seriatim.Server;

/// <summary>
/// One thing the server can be asked: a file of its own under Protocols, and a line in <see cref="Endpoints"/>. Keys, limits,
/// errors, ids and metrics are the pipeline's.
/// </summary>
internal abstract class Endpoint
{
    public abstract string Method { get; }

    /// <summary>As routes are written: <c>/v1/models/{id}</c>.</summary>
    public abstract string Path { get; }

    /// <summary>One sentence for the OpenAPI document.</summary>
    public abstract string Summary { get; }

    /// <summary>The fields of its body; null: it takes none.</summary>
    public virtual FieldTable? Fields => null;

    public virtual EndpointAccess Access => EndpointAccess.Key;

    /// <summary>Whether its requests may outlive the server: all that they are is in their body.</summary>
    public virtual bool CanBeDurable => false;

    /// <summary>How its protocol writes errors.</summary>
    public virtual IErrorStyle Errors => OpenAiErrors.Instance;

    /// <exception cref="ApiException">The request is wrong; the pipeline tells its client.</exception>
    public abstract Task HandleAsync(ApiCall call);
}
