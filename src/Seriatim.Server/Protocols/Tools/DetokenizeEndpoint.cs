using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary><c>POST /detokenize</c>: the text of token ids.</summary>
internal sealed class DetokenizeEndpoint : Endpoint
{
    public override string Method => "POST";

    public override string Path => "/detokenize";

    public override string Summary => "Gives the text of token ids.";

    public override FieldTable Fields => Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public static FieldTable<Request> Table { get; } = new("POST /detokenize",
    [
        CommonFields.Model<Request>((request, name) => request.Model = name),
        new()
        {
            Name = "tokens",
            Kinds = JsonKinds.Array,
            IsRequired = true,
            Doc = "The ids.",
            Example = "[5, 6, 7]",
            Read = (request, value) => request.Ids = value.Integers,
        },
    ]);

    public override async Task HandleAsync(ApiCall call)
    {
        Request request = await call.ReadAsync(Table).ConfigureAwait(false);
        using ModelUse use = await call.Server.Models.Find(request.Model)
            .UseAsync(call.Aborted, looks: true).ConfigureAwait(false);
        Tokenizer tokenizer = use.Opened.Tokenizer;
        foreach (int id in request.Ids)
        {
            if ((uint)id >= (uint)tokenizer.VocabularySize)
            {
                throw ApiException.Invalid($"tokens has {id}; ids 0 to {tokenizer.VocabularySize - 1} are tokens of {use.Name}.",
                    "tokens", "invalid_value");
            }
        }

        string text = tokenizer.Decode([.. request.Ids], skipSpecialTokens: false);
        await call.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("content"u8, text);
            json.WriteString("prompt"u8, text);
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }

    /// <summary>A request.</summary>
    internal sealed class Request
    {
        public string? Model { get; set; }

        public IReadOnlyList<int> Ids { get; set; } = [];
    }
}
