namespace Seriatim.Server;

/// <summary><c>POST /v1/score</c>: how well pairs of texts belong together.</summary>
internal sealed class ScoreEndpoint : Endpoint
{
    private static readonly FieldTable<ScoreRequest> Table = new("POST /v1/score",
    [
        CommonFields.Model<ScoreRequest>((request, name) => request.Model = name),
        Row.Needed<ScoreRequest>("text_1", JsonKinds.String | JsonKinds.Array, "A text, or a list of texts.", "\"the cat\"",
            (request, value) => request.First = value.Texts),
        Row.Needed<ScoreRequest>("text_2", JsonKinds.String | JsonKinds.Array,
            "A text or a list: each with the one text of `text_1`, or one by one with its list.", "[\"a cat\", \"a song\"]",
            (request, value) => request.Second = value.Texts),
        Row.Refused<ScoreRequest>("truncate_prompt_tokens", JsonKinds.Integer, "10", [], "texts are never cut; send what fits."),
    ]);

    public override string Method => "POST";

    public override string Path => "/v1/score";

    public override string Summary => "Scores pairs of texts.";

    public override FieldTable Fields => Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override async Task HandleAsync(ApiCall call)
    {
        ScoreRequest request = await call.ReadAsync(Table).ConfigureAwait(false);
        if (request.Second.Count == 0 || (request.First.Count != 1 && request.First.Count != request.Second.Count))
        {
            throw ApiException.Invalid($"text_1 has {request.First.Count} texts and text_2 has {request.Second.Count}; one "
                + "and any "
                + "number, or as many of both, are needed.", "text_2", "invalid_value");
        }

        using ModelUse use = await call.Server.Models.Find(request.Model).UseAsync(call.Aborted).ConfigureAwait(false);
        (double[] scores, string method, int tokens) = await PairScores.OfAsync(call, use,
            [.. request.Second.Select((text, i) => (request.First[request.First.Count == 1 ? 0 : i], text))])
            .ConfigureAwait(false);
        await call.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, $"score-{call.Number}");
            json.WriteString("object"u8, "list"u8);
            json.WriteNumber("created"u8, call.Created);
            json.WriteString("model"u8, use.Name);
            json.WriteString("method"u8, method);
            json.WriteStartArray("data"u8);
            foreach ((int index, double score) in scores.Index())
            {
                json.WriteStartObject();
                json.WriteNumber("index"u8, index);
                json.WriteString("object"u8, "score"u8);
                json.WriteNumber("score"u8, score);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            EmbeddingEndpoint.WriteUsage(json, tokens);
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }
}
