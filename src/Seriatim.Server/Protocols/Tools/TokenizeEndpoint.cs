using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary><c>POST /tokenize</c>: the token ids of a text or a conversation.</summary>
internal sealed class TokenizeEndpoint : Endpoint
{
    public override string Method => "POST";

    public override string Path => "/tokenize";

    public override string Summary => "Gives the token ids of a text or a conversation.";

    public override FieldTable Fields => TokenizeFields.Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override async Task HandleAsync(ApiCall call)
    {
        TokenizeRequest request = await call.ReadAsync(TokenizeFields.Table).ConfigureAwait(false);
        bool isChat = request.Chat.Messages.Count > 0;
        if (isChat == request.Text is not null)
        {
            throw ApiException.Invalid(isChat ? "A text and messages are both given; one is tokenized."
                : "There is nothing to tokenize; give content, prompt or messages.", isChat ? "messages" : "content",
                isChat ? "invalid_value" : "missing_field");
        }

        using ModelUse use = await call.Server.Models.Find(request.Chat.Model)
            .UseAsync(call.Aborted, looks: true).ConfigureAwait(false);
        Tokenizer tokenizer = use.Opened.Tokenizer;
        int[] ids = isChat ? ChatPrompt.Request(use.Language, request.Chat, request.Chat.Prompt(use.Language)).Prompt.ToArray()
            : tokenizer.Encode(request.Text!, request.Options);
        await call.WriteAsync(json => Write(json, request, use, ids)).ConfigureAwait(false);
    }

    private static void Write(Utf8JsonWriter json, TokenizeRequest request, ModelUse use, int[] ids)
    {
        Tokenizer tokenizer = use.Opened.Tokenizer;
        json.WriteStartObject();
        if (request.WithPieces)
        {
            json.WriteStartArray("tokens"u8);
            foreach (int id in ids)
            {
                json.WriteStartObject();
                json.WriteNumber("id"u8, id);
                json.WriteString("piece"u8, OpenAiJson.TextOf(tokenizer, id));
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
        else
            OpenAiJson.WriteIds(json, "tokens", ids);
        if (request.WithStrings)
        {
            json.WriteStartArray("token_strs"u8);
            foreach (int id in ids)
                json.WriteStringValue(OpenAiJson.TextOf(tokenizer, id));
            json.WriteEndArray();
        }

        json.WriteNumber("count"u8, ids.Length);
        json.WriteNumber("max_model_len"u8, use.Opened.Model.Spec.Context);
        json.WriteEndObject();
    }
}
