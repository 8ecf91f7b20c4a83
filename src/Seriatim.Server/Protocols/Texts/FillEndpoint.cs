namespace Seriatim.Server;

/// <summary><c>POST /v1/fill</c>: the words behind the masks of a text.</summary>
internal sealed class FillEndpoint : Endpoint
{
    private static readonly FieldTable<FillRequest> Table = new("POST /v1/fill",
    [
        CommonFields.Model<FillRequest>((request, name) => request.Model = name),
        Row.Needed<FillRequest>("text", JsonKinds.String | JsonKinds.Array,
            "A text, or a list of texts, with the model's mask token where a word is wanted.", "\"the [MASK] sat\"",
            (request, value) => request.Texts = value.Texts),
        Row.Of<FillRequest>("top_k", JsonKinds.Integer, "How many words for each mask, the best first. Default: 5.", "2",
            (request, value) => request.Top = value.Integer) with { Least = 1, Most = 1000 },
    ]);

    public override string Method => "POST";

    public override string Path => "/v1/fill";

    public override string Summary => "Fills in masked words.";

    public override FieldTable Fields => Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override async Task HandleAsync(ApiCall call)
    {
        FillRequest request = await call.ReadAsync(Table).ConfigureAwait(false);
        using ModelUse use = await call.Server.Models.Find(request.Model).UseAsync(call.Aborted).ConfigureAwait(false);
        TextEncoder encoder = use.Encoder();
        int tokens = request.Texts.Sum(text => encoder.Tokenizer.Encode(text).Length);
        IReadOnlyList<IReadOnlyList<FilledMask>>[] filled = await call.CountAsync(use, tokens, Task.WhenAll(
            request.Texts.Select(text => encoder.FillAsync(text, request.Top, call.Aborted)))).ConfigureAwait(false);
        await call.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, $"fill-{call.Number}");
            json.WriteString("object"u8, "fill"u8);
            json.WriteNumber("created"u8, call.Created);
            json.WriteString("model"u8, use.Name);
            json.WriteStartArray("results"u8);
            foreach ((int index, IReadOnlyList<IReadOnlyList<FilledMask>> masks) in filled.Index())
            {
                json.WriteStartObject();
                json.WriteNumber("index"u8, index);
                json.WriteString("text"u8, request.Texts[index]);
                json.WriteStartArray("masks"u8);
                foreach (IReadOnlyList<FilledMask> mask in masks)
                {
                    json.WriteStartArray();
                    foreach (FilledMask word in mask)
                    {
                        json.WriteStartObject();
                        json.WriteNumber("token"u8, word.TokenId);
                        json.WriteString("token_str"u8, word.Text);
                        json.WriteNumber("score"u8, word.Probability);
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }
}
