namespace Seriatim.Server;

/// <summary><c>POST /api/embed</c>, and the older <c>POST /api/embeddings</c> for one text.</summary>
/// <param name="isOld">Whether it is the older one.</param>
internal sealed class OllamaEmbedEndpoint(bool isOld) : OllamaEndpoint
{
    private static readonly FieldTable<OllamaEmbedRequest> OptionTable = new("options",
    [
        .. new[] { "num_ctx", "num_batch", "num_gpu", "num_thread", "num_keep", "main_gpu" }.Select(name =>
            Row.Without<OllamaEmbedRequest>(name, JsonKinds.Integer, "4",
                "How ollama's runner works; embeddings do not depend on it.")),
        .. new[] { "temperature", "top_p", "seed" }.Select(name =>
            Row.Without<OllamaEmbedRequest>(name, JsonKinds.Number, "1", "Nothing is chosen where texts are only read.")),
    ]);

    private static readonly FieldTable<OllamaEmbedRequest> Table = new("POST /api/embed",
    [
        OllamaFields.Headers<OllamaEmbedRequest>(),
        .. Common,
        Row.Needed<OllamaEmbedRequest>("input", JsonKinds.String | JsonKinds.Array, "A text, or a list of texts.", "\"the cat\"",
            (request, value) => request.Input.Read(value)),
        Row.Of<OllamaEmbedRequest>("truncate", JsonKinds.Boolean, "Whether a text that is too long is cut; else it is refused. "
            + "Default: true.", "false", (request, value) => request.Cuts = value.Boolean),
        Row.Of<OllamaEmbedRequest>("dimensions", JsonKinds.Integer,
            "The first so many numbers, scaled to length 1. Default: all.", "8",
            (request, value) => request.Dimensions = value.Integer) with { Least = 1 },
    ]);

    private static readonly FieldTable<OllamaEmbedRequest> OldTable = new("POST /api/embeddings",
    [
        OllamaFields.Headers<OllamaEmbedRequest>(),
        .. Common,
        Row.Needed<OllamaEmbedRequest>("prompt", JsonKinds.String, "A text.", "\"the cat\"",
            (request, value) => request.Input.Read(value)),
    ]);

    private static IEnumerable<Field<OllamaEmbedRequest>> Common =>
    [
        CommonFields.Model<OllamaEmbedRequest>((request, name) => request.Model = name),
        Row.Of<OllamaEmbedRequest>("options", JsonKinds.Object, "Options of ollama's runner.", "{\"num_ctx\": 16}",
            (request, value) => value.Into(OptionTable, request))
            with { Inside = () => OptionTable, Fate = FieldFate.WithoutEffect },
        Row.Of<OllamaEmbedRequest>("keep_alive", JsonKinds.String | JsonKinds.Number, "How long the model stays open afterwards, "
            + "until another request uses it. What the server keeps for ever stays.", "\"5m\"",
            (request, value) => request.KeepAlive = OllamaKeepAlive.Read(value)),
    ];

    public override string Path => isOld ? "/api/embeddings" : "/api/embed";

    public override string Summary => isOld ? "Embeds a text (ollama, older)." : "Embeds texts (ollama).";

    public override FieldTable Fields => isOld ? OldTable : Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override async Task HandleAsync(ApiCall call)
    {
        OllamaEmbedRequest request = await call.ReadAsync(isOld ? OldTable : Table).ConfigureAwait(false);
        ServedModel model = call.Server.Models.Find(request.Model);
        using ModelUse use = await model.UseAsync(call.Aborted).ConfigureAwait(false);
        TimeSpan loading = call.Elapsed;
        call.Span?.Begin("embeddings", use.Name);
        (IReadOnlyList<float[]> vectors, int tokens) = await EmbeddingWork.RunAsync(
            call, use, request.Input, request.Cuts, request.Dimensions).ConfigureAwait(false);
        request.KeepAlive.Apply(call, model);
        await call.WriteAsync(json =>
        {
            json.WriteStartObject();
            if (isOld)
            {
                EmbeddingEndpoint.Write(json, "embedding", vectors[0], isBase64: false);
            }
            else
            {
                json.WriteString("model"u8, use.Name);
                json.WriteStartArray("embeddings"u8);
                foreach (float[] vector in vectors)
                {
                    json.WriteStartArray();
                    foreach (float value in vector)
                        json.WriteNumberValue(value);
                    json.WriteEndArray();
                }

                json.WriteEndArray();
                json.WriteNumber("total_duration"u8, OllamaOutput.Nanoseconds(call.Elapsed));
                json.WriteNumber("load_duration"u8, OllamaOutput.Nanoseconds(loading));
                json.WriteNumber("prompt_eval_count"u8, tokens);
            }

            json.WriteEndObject();
        }).ConfigureAwait(false);
    }
}
