namespace Seriatim.Server;

/// <summary>The fields of <c>/v1/embeddings</c>.</summary>
internal static class EmbeddingFields
{
    public static FieldTable<EmbeddingRequest> Table { get; } = new("POST /v1/embeddings",
    [
        CommonFields.Model<EmbeddingRequest>((request, name) => request.Model = name),
        Row.Needed<EmbeddingRequest>("input", JsonKinds.String | JsonKinds.Array,
            "A text, token ids, or a list of either.", "\"the cat\"", (request, value) => request.Input.Read(value)),
        Row.Of<EmbeddingRequest>("encoding_format", JsonKinds.String,
            "`float`: numbers; `base64`: 32-bit floats, the low byte first, in base64. Default: `float`.", "\"base64\"",
            (request, value) => request.IsBase64 = value.Text == "base64") with { OneOf = ["float", "base64"] },
        Row.Of<EmbeddingRequest>("dimensions", JsonKinds.Integer,
            "The first so many numbers, scaled to length 1 again: for models that were trained for it (Matryoshka). Default: "
                + "all.",
            "8", (request, value) => request.Dimensions = value.Integer) with { Least = 1 },
        Row.Of<EmbeddingRequest>("truncate", JsonKinds.Boolean,
            "Whether a text that is too long is cut; else it is refused. Default: false.", "true",
            (request, value) => request.Cuts = value.Boolean),
        Row.Refused<EmbeddingRequest>("truncate_prompt_tokens", JsonKinds.Integer, "10", [],
            "use `truncate`, which cuts where the model does."),
        Row.Without<EmbeddingRequest>("user", JsonKinds.String, "\"me\"", "Names the end user; nothing here depends on it."),
    ]);
}
