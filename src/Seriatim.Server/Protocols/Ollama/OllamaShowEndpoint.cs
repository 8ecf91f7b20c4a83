using System.Text.Json;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary><c>POST /api/show</c>: what a model is, and what it can do.</summary>
internal sealed class OllamaShowEndpoint : OllamaEndpoint
{
    private static readonly FieldTable<ShowRequest> Table = new("POST /api/show",
    [
        OllamaFields.Headers<ShowRequest>(),
        CommonFields.Model<ShowRequest>((request, name) => request.Model = name),
        Row.Of<ShowRequest>("name", JsonKinds.String, "The older name of model.", "\"stories\"",
            (request, value) => request.Model ??= value.Text),
        Row.Without<ShowRequest>("verbose", JsonKinds.Boolean, "true", "Everything there is to tell is told."),
    ]);

    public override string Path => "/api/show";

    public override string Summary => "Tells what a model is (ollama).";

    public override FieldTable Fields => Table;

    public override async Task HandleAsync(ApiCall call)
    {
        ShowRequest request = await call.ReadAsync(Table).ConfigureAwait(false);
        ServedModel model = call.Server.Models.Find(request.Model);
        using ModelUse use = await model.UseAsync(call.Aborted, looks: true).ConfigureAwait(false);
        await call.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("modelfile"u8, $"FROM {model.Name}\n");
            json.WriteString("parameters"u8, "");
            json.WriteString("template"u8, use.Opened.Tokenizer.ChatTemplate?.Source ?? "");
            OllamaModel.WriteDetails(json, model);
            WriteInfo(json, use.Opened);
            json.WriteStartArray("capabilities"u8);
            foreach (string capability in Capabilities(use.Opened))
                json.WriteStringValue(capability);
            json.WriteEndArray();
            json.WriteString("modified_at"u8, DateTimeOffset.FromUnixTimeSeconds(model.Created));
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private static void WriteInfo(Utf8JsonWriter json, OpenedModel opened)
    {
        ModelSpec spec = opened.Model.Spec;
        string family = spec.Family;
        json.WriteStartObject("model_info"u8);
        json.WriteString("general.architecture"u8, family);
        json.WriteNumber("general.parameter_count"u8, opened.Model.ParameterCount);
        json.WriteNumber($"{family}.context_length", spec.Context);
        json.WriteNumber($"{family}.embedding_length", spec.Last.Width);
        json.WriteNumber($"{family}.block_count", spec.Last.Layers.Count);
        json.WriteNumber($"{family}.vocab_size", spec.Last.Vocabulary);
        json.WriteEndObject();
    }

    private static IEnumerable<string> Capabilities(OpenedModel opened)
    {
        Tokenizer tokenizer = opened.Tokenizer;
        if (opened.Model.Spec.Decoder is null)
        {
            yield return "embedding";
            yield break;
        }

        yield return "completion";
        if (ToolSupport.Refusal(tokenizer, null) is null)
            yield return "tools";
        if (AnswerFormat.Of(tokenizer, null) is { Reasoning: not null } or { Tools.HoldsReasoning: true })
            yield return "thinking";
        if (opened.Model.Spec.IsEncoderDecoder)
            yield return "translation";
    }

    private sealed class ShowRequest
    {
        public string? Model { get; set; }
    }
}
