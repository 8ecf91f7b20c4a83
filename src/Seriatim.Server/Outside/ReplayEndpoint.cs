using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// <c>POST /v1/replay</c>: repeats a request from its record, as <c>/v1/requests/{id}</c> gave it, here or elsewhere.
/// </summary>
internal sealed class ReplayEndpoint : Endpoint
{
    public override string Method => "POST";

    public override string Path => "/v1/replay";

    public override string Summary => "Repeats a request from its record and says whether the bytes are the same.";

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override async Task HandleAsync(ApiCall call)
    {
        using JsonDocument json = await call.ReadJsonAsync().ConfigureAwait(false);
        JsonElement root = json.RootElement;
        string model = Text(root, "model"), fingerprint = Text(root, "system_fingerprint");
        ReplayedPrompt[] prompts = [.. Of(root, "prompts", JsonValueKind.Array).EnumerateArray().Select(Read)];
        if (prompts.Length == 0)
            throw Missing("prompts");
        await Replay.RunAsync(call, new ReplayJob(model, fingerprint, prompts), isOwn: false).ConfigureAwait(false);
    }

    private static ReplayedPrompt Read(JsonElement prompt)
    {
        GenerationRequest request;
        ulong seed;
        try
        {
            request = Of(prompt, "options", JsonValueKind.Object).Deserialize(StateJson.Default.GenerationRequest)!;
            seed = Of(prompt, "seed", JsonValueKind.Number).GetUInt64();
        }
        catch (Exception exception) when (exception is JsonException or FormatException)
        {
            throw ApiException.Invalid($"The record is damaged, or of another version: {exception.Message}", "prompts",
                "invalid_value");
        }

        request = request with { Prompt = Ids(prompt, "prompt_ids"), EncoderInput = Ids(prompt, "encoder_ids") };
        string hash = RecordedPrompt.HashOf([.. request.EncoderInput.Span, .. request.Prompt.Span]);
        if (hash != Text(prompt, "prompt_hash"))
            throw ApiException.Invalid("The ids of the prompt do not have its hash: the record was changed.", "prompt_hash");
        return new ReplayedPrompt(request, seed,
            [.. Of(prompt, "output_hashes", JsonValueKind.Array).EnumerateArray().Select(item => $"{item}")]);
    }

    private static int[] Ids(JsonElement prompt, string name) =>
        [.. new FieldValue(Of(prompt, name, JsonValueKind.Array), name).Integers];

    private static string Text(JsonElement json, string name) => Of(json, name, JsonValueKind.String).GetString()!;

    private static JsonElement Of(JsonElement json, string name, JsonValueKind kind) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) && value.ValueKind == kind
            ? value : throw Missing(name);

    private static ApiException Missing(string name) => ApiException.Invalid(
        $"{name} is missing. The body is a record as GET /v1/requests/ID gives it, with prompt_ids.", name, "missing_field");
}
