namespace Seriatim.Server;

/// <summary><c>POST /v1/rerank</c>: documents by how well they answer a query.</summary>
internal sealed class RerankEndpoint : Endpoint
{
    private static readonly FieldTable<RerankRequest> DocumentTable = new("documents[]",
    [
        Row.Needed<RerankRequest>("text", JsonKinds.String, "The text.", "\"a mat\"",
            (request, value) => request.Documents.Add(value.Text)),
    ]);

    private static readonly FieldTable<RerankRequest> Table = new("POST /v1/rerank",
    [
        CommonFields.Model<RerankRequest>((request, name) => request.Model = name),
        Row.Needed<RerankRequest>("query", JsonKinds.String, "What is looked for.", "\"the cat\"",
            (request, value) => request.Query = value.Text),
        Row.Needed<RerankRequest>("documents", JsonKinds.Array, "Texts, or objects with a `text`.", "[\"a cat\", \"a song\"]",
            Read)
            with { Inside = () => DocumentTable },
        Row.Of<RerankRequest>("top_n", JsonKinds.Integer, "How many are told, the best first. Default: all.", "1",
            (request, value) => request.Top = value.Integer) with { Least = 1 },
        Row.Of<RerankRequest>("return_documents", JsonKinds.Boolean, "Whether the texts come back. Default: true.", "false",
            (request, value) => request.ShowsDocuments = value.Boolean),
        Row.Refused<RerankRequest>("max_tokens_per_doc", JsonKinds.Integer, "10", [], "texts are never cut; send what fits."),
        Row.Refused<RerankRequest>("truncate_prompt_tokens", JsonKinds.Integer, "10", [], "texts are never cut; send what fits."),
    ]);

    public override string Method => "POST";

    public override string Path => "/v1/rerank";

    public override string Summary => "Orders documents by how well they answer a query.";

    public override FieldTable Fields => Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override async Task HandleAsync(ApiCall call)
    {
        RerankRequest request = await call.ReadAsync(Table).ConfigureAwait(false);
        using ModelUse use = await call.Server.Models.Find(request.Model).UseAsync(call.Aborted).ConfigureAwait(false);
        (double[] scores, string method, int tokens) = await PairScores.OfAsync(
            call, use, [.. request.Documents.Select(document => (request.Query, document))]).ConfigureAwait(false);
        var best = scores.Index().OrderByDescending(score => score.Item).ThenBy(score => score.Index)
            .Take(request.Top ?? scores.Length).ToArray();
        await call.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, $"rerank-{call.Number}");
            json.WriteString("model"u8, use.Name);
            json.WriteString("method"u8, method);
            json.WriteStartArray("results"u8);
            foreach ((int index, double score) in best)
            {
                json.WriteStartObject();
                json.WriteNumber("index"u8, index);
                json.WriteNumber("relevance_score"u8, score);
                if (request.ShowsDocuments)
                {
                    json.WriteStartObject("document"u8);
                    json.WriteString("text"u8, request.Documents[index]);
                    json.WriteEndObject();
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            EmbeddingEndpoint.WriteUsage(json, tokens);
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private static void Read(RerankRequest request, FieldValue value)
    {
        foreach (FieldValue item in value.Items())
        {
            if (item.IsString)
                request.Documents.Add(item.Text);
            else
                item.Into(DocumentTable, request);
        }

        if (request.Documents.Count == 0)
            throw value.Wrong("one document or more is needed");
    }
}
