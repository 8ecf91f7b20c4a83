using System.Text.Json;

namespace Seriatim.Web.Calls;

/// <summary>A model that the server offers.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">How far it is: <c>unloaded</c>, <c>loaded</c>, ...</param>
public sealed record ModelEntry(string Name, string State)
{
    /// <summary>Whether it is open.</summary>
    public bool IsLoaded => State == "loaded";

    /// <summary>All of them.</summary>
    /// <param name="api">The server.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public static async Task<IReadOnlyList<ModelEntry>> AllAsync(PageApi api, CancellationToken cancellationToken = default)
    {
        JsonElement models = await api.GetAsync("v1/models", cancellationToken).ConfigureAwait(false);
        return [.. models.GetProperty("data").EnumerateArray().Select(model => new ModelEntry(
            model.GetProperty("id").GetString()!, model.GetProperty("status").GetProperty("value").GetString()!))];
    }

    /// <summary>The one to begin with.</summary>
    /// <param name="models">Those there are.</param>
    /// <param name="kept">The one that was used last; null: none.</param>
    public static string Choose(IReadOnlyList<ModelEntry> models, string? kept) =>
        (models.FirstOrDefault(model => model.Name == kept) ?? models.FirstOrDefault(model => model.Name == "stories")
            ?? models.FirstOrDefault(model => model.IsLoaded) ?? models.FirstOrDefault())?.Name ?? "";
}
