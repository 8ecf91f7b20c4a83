using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// <c>GET /slots</c>: the places for sequences that run at the same time, as llama.cpp tells them. A request is bound to none; as
/// many are busy as requests run. A model that is not open has none.
/// </summary>
internal sealed class SlotsEndpoint : Endpoint
{
    private const string FailsFull = "fail_on_no_slot";

    public override string Method => "GET";

    public override string Path => "/slots";

    public override string Summary => "Tells how many of a model's places are busy (llama.cpp).";

    public override async Task HandleAsync(ApiCall call)
    {
        OpenedModel? opened = LlamaQuery.Model(call, FailsFull).Opened;
        int busy = opened?.Engine.Load.Running ?? 0, places = opened?.Engine.Options.MaxSequences ?? 0;
        if (busy >= places && call.Http.Request.Query[FailsFull] is ["1"])
            throw new ApiException(new ApiError(503, "service_unavailable", $"{busy} of {places} places are busy.", "no_slot"));
        await call.WriteAsync(json =>
        {
            json.WriteStartArray();
            for (int i = 0; i < places; i++)
            {
                json.WriteStartObject();
                WriteSlot(json, opened!.Engine, opened.Model.Spec.Context, i, isProcessing: i < busy);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }).ConfigureAwait(false);
    }

    /// <summary>Writes what there is to tell of a place.</summary>
    public static void WriteSlot(Utf8JsonWriter json, GenerationEngine engine, int context, int id, bool isProcessing)
    {
        json.WriteNumber("id"u8, id);
        json.WriteNumber("n_ctx"u8, context);
        json.WriteBoolean("speculative"u8, engine.Options.DraftModel is not null);
        json.WriteBoolean("is_processing"u8, isProcessing);
    }
}
