using System.Text.Json;
using System.Text.Json.Nodes;

namespace Seriatim.Web.Calls;

/// <summary>What the server tells of a model once it is open.</summary>
/// <param name="HasTemplate">Whether it takes conversations; else it goes on with texts.</param>
/// <param name="Context">The most tokens that it reads and writes.</param>
/// <param name="Parameters">How many parameters it has.</param>
/// <param name="Family">Its architecture.</param>
/// <param name="Capabilities">What it can do: <c>completion</c>, <c>translation</c>, <c>embedding</c>, ...</param>
public sealed record ModelFacts(
    bool HasTemplate, int Context, long Parameters, string Family, IReadOnlyList<string> Capabilities)
{
    /// <summary>Asks for them; the server opens the model for that.</summary>
    /// <param name="api">The server.</param>
    /// <param name="model">The model.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="ApiFailure">There is none, or it cannot be opened.</exception>
    public static async Task<ModelFacts> OfAsync(PageApi api, string model, CancellationToken cancellationToken = default)
    {
        JsonElement shown = await api.PostAsync("api/show", new JsonObject { ["model"] = model }, cancellationToken)
            .ConfigureAwait(false);
        JsonElement info = shown.GetProperty("model_info");
        string family = info.GetProperty("general.architecture").GetString() ?? "";
        return new ModelFacts(
            shown.GetProperty("template").GetString() is { Length: > 0 },
            info.TryGetProperty($"{family}.context_length", out JsonElement context) ? context.GetInt32() : 0,
            info.TryGetProperty("general.parameter_count", out JsonElement count) ? count.GetInt64() : 0,
            family,
            [.. shown.GetProperty("capabilities").EnumerateArray().Select(one => one.GetString()!)]);
    }
}
