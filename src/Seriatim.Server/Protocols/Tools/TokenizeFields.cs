using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>The fields of <c>/tokenize</c>: llama.cpp's and vLLM's.</summary>
internal static class TokenizeFields
{
    public static FieldTable<TokenizeRequest> Table { get; } = new("POST /tokenize",
    [
        CommonFields.Model<TokenizeRequest>((request, name) => request.Chat.Model = name),
        Text("content", "The text (llama.cpp)."),
        Text("prompt", "The text (vLLM)."),
        new()
        {
            Name = "messages",
            Kinds = JsonKinds.Array,
            Doc = "A conversation in place of a text (vLLM), written by the model's chat template.",
            Example = "[{\"role\": \"user\", \"content\": \"Hello\"}]",
            Inside = () => MessageFields.Table,
            Read = (request, value) => MessageFields.Read(request.Chat, value),
        },
        new()
        {
            Name = "add_generation_prompt",
            Kinds = JsonKinds.Boolean,
            Doc = "Whether a conversation ends with the opening of an answer. Default: true.",
            Example = "false",
            ExampleNeeds = "\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]",
            Read = (request, value) => request.Chat.OpensAnswer = value.Boolean,
        },
        Special("add_special", "Add what the model expects around a text (llama.cpp). Default: false."),
        Special("add_special_tokens", "The same (vLLM)."),
        new()
        {
            Name = "parse_special",
            Kinds = JsonKinds.Boolean,
            Doc = "Whether special tokens that are written out are read as such (llama.cpp). Default: true.",
            Example = "false",
            Read = (request, value) => request.Options = request.Options with { ParseSpecialTokens = value.Boolean },
        },
        Pieces("with_pieces", "Send each token's text beside its id (llama.cpp). Default: false.",
            (request, value) => request.WithPieces = value),
        Pieces("return_token_strs", "Send the tokens' texts in a list of their own (vLLM). Default: false.",
            (request, value) => request.WithStrings = value),
    ]);

    private static Field<TokenizeRequest> Text(string name, string doc) => new()
    {
        Name = name,
        Kinds = JsonKinds.String,
        Doc = doc,
        Example = "\"Once upon a time\"",
        Read = (request, value) => request.Text = request.Text is null ? value.Text
            : throw ApiException.Invalid("content and prompt are both given; one text is tokenized.", value.Path,
                "invalid_value"),
    };

    private static Field<TokenizeRequest> Special(string name, string doc) => new()
    {
        Name = name,
        Kinds = JsonKinds.Boolean,
        Doc = doc,
        Example = "true",
        Read = (request, value) => request.Options = request.Options with { AddSpecialTokens = value.Boolean },
    };

    private static Field<TokenizeRequest> Pieces(string name, string doc, Action<TokenizeRequest, bool> set) => new()
    {
        Name = name,
        Kinds = JsonKinds.Boolean,
        Doc = doc,
        Example = "true",
        Read = (request, value) => set(request, value.Boolean),
    };
}
