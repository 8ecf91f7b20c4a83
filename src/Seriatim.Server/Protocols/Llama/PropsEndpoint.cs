using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary><c>GET /props</c>: what holds for requests that say nothing, as llama.cpp tells it.</summary>
internal sealed class PropsEndpoint : Endpoint
{
    public override string Method => "GET";

    public override string Path => "/props";

    public override string Summary => "Tells a model's defaults, template and places (llama.cpp).";

    public override async Task HandleAsync(ApiCall call)
    {
        ServedModel model = LlamaQuery.Model(call);
        using ModelUse use = await model.UseAsync(call.Aborted, looks: true).ConfigureAwait(false);
        await call.WriteAsync(json => Write(json, use)).ConfigureAwait(false);
    }

    private static void Write(Utf8JsonWriter json, ModelUse use)
    {
        Tokenizer tokenizer = use.Opened.Tokenizer;
        json.WriteStartObject();
        json.WriteStartObject("default_generation_settings"u8);
        SlotsEndpoint.WriteSlot(json, use.Engine, use.Opened.Model.Spec.Context, 0, isProcessing: false);
        WriteDefaults(json, use.Opened.Defaults.ApplyTo(new GenerationRequest { Prompt = new int[] { 0 } }));
        json.WriteEndObject();
        json.WriteNumber("total_slots"u8, use.Engine.Options.MaxSequences);
        json.WriteString("model_alias"u8, use.Name);
        json.WriteString("model_path"u8, use.Name);
        json.WriteString("chat_template"u8, tokenizer.ChatTemplate?.Source ?? "");
        WritePiece(json, "bos_token", tokenizer, tokenizer.SpecialTokens.Bos);
        WritePiece(json, "eos_token", tokenizer, tokenizer.SpecialTokens.Eos);
        json.WriteStartObject("modalities"u8);
        json.WriteBoolean("vision"u8, false);
        json.WriteBoolean("audio"u8, false);
        json.WriteEndObject();
        json.WriteString("build_info"u8, ModelIdentity.Version);
        ProcessJson.Write(json, use.Opened);
        json.WriteEndObject();
    }

    private static void WriteDefaults(Utf8JsonWriter json, GenerationRequest request)
    {
        SamplingOptions sampling = request.Sampling;
        json.WriteStartObject("params"u8);
        json.WriteNumber("n_predict"u8, request.MaxNewTokens ?? request.SoftMaxNewTokens ?? -1);
        json.WriteNumber("temperature"u8, sampling.Temperature);
        json.WriteNumber("top_k"u8, sampling.TopK);
        json.WriteNumber("top_p"u8, sampling.TopP);
        json.WriteNumber("min_p"u8, sampling.MinP);
        json.WriteNumber("typ_p"u8, sampling.TypicalP);
        json.WriteNumber("repeat_penalty"u8, sampling.Penalties.Repetition);
        json.WriteNumber("repeat_last_n"u8, sampling.Penalties.LastN ?? -1);
        json.WriteNumber("presence_penalty"u8, sampling.Penalties.Presence);
        json.WriteNumber("frequency_penalty"u8, sampling.Penalties.Frequency);
        json.WriteBoolean("ignore_eos"u8, request.IgnoreEndIds);
        json.WriteStartArray("stop"u8);
        foreach (string stop in request.StopStrings)
            json.WriteStringValue(stop);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePiece(Utf8JsonWriter json, string name, Tokenizer tokenizer, int? id) =>
        json.WriteString(name, id is { } token ? tokenizer.PieceOf(token) : "");
}
