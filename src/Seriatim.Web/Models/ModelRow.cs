using System.Globalization;
using System.Text.Json;
using Seriatim.Web.Calls;

namespace Seriatim.Web.Models;

/// <summary>A model as the view shows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">How far it is, as the API says.</param>
/// <param name="Size">Bytes of its files.</param>
/// <param name="Details">What is known of it: family, parameters, form, quantisation.</param>
/// <param name="Memory">Bytes of memory that it has; null: it is not open.</param>
/// <param name="Context">The most tokens that it holds; null: it is not open.</param>
/// <param name="Until">When it is unloaded if nobody uses it; null: not, or it is not open.</param>
internal sealed record ModelRow(string Name, string State, long Size, string Details, long? Memory, int? Context,
    DateTimeOffset? Until)
{
    public bool IsLoaded => State == "loaded";

    /// <summary>All models, and the memory that they have of what there is.</summary>
    public static async Task<(IReadOnlyList<ModelRow> Rows, double Used, double Limit)> AllAsync(
        PageApi api, CancellationToken cancellationToken)
    {
        IReadOnlyList<ModelEntry> entries = await ModelEntry.AllAsync(api, cancellationToken).ConfigureAwait(false);
        Dictionary<string, JsonElement> tags = await NamedAsync(api, "api/tags", cancellationToken).ConfigureAwait(false);
        Dictionary<string, JsonElement> open = await NamedAsync(api, "api/ps", cancellationToken).ConfigureAwait(false);
        string metrics = await api.TextAsync("metrics", cancellationToken).ConfigureAwait(false);
        return ([.. entries.Select(entry => Of(entry, tags.GetValueOrDefault(entry.Name), open.GetValueOrDefault(entry.Name)))],
            Metric(metrics, "seriatim:memory_used_bytes"), Metric(metrics, "seriatim:memory_limit_bytes"));
    }

    private static ModelRow Of(ModelEntry entry, JsonElement tag, JsonElement open)
    {
        bool isOpen = open.ValueKind == JsonValueKind.Object;
        JsonElement known = isOpen ? open : tag;
        if (known.ValueKind != JsonValueKind.Object)
            return new ModelRow(entry.Name, entry.State, 0, "", null, null, null);
        JsonElement details = known.GetProperty("details");
        string[] parts = [.. ((string[])["family", "parameter_size", "format", "quantization_level"])
            .Select(name => details.GetProperty(name).GetString() ?? "").Where(part => part.Length > 0)];
        return new ModelRow(entry.Name, entry.State, known.GetProperty("size").GetInt64(), string.Join(" · ", parts),
            isOpen ? open.GetProperty("memory_bytes").GetInt64() : null,
            isOpen ? open.GetProperty("context_length").GetInt32() : null,
            isOpen && open.TryGetProperty("expires_at", out JsonElement until) ? until.GetDateTimeOffset() : null);
    }

    private static async Task<Dictionary<string, JsonElement>> NamedAsync(
        PageApi api, string path, CancellationToken cancellationToken)
    {
        JsonElement answer = await api.GetAsync(path, cancellationToken).ConfigureAwait(false);
        return answer.GetProperty("models").EnumerateArray().ToDictionary(model => model.GetProperty("name").GetString()!);
    }

    private static double Metric(string metrics, string name) => metrics.Split('\n')
        .Where(line => line.StartsWith($"{name} ", StringComparison.Ordinal))
        .Select(line => double.Parse(line.AsSpan(name.Length + 1), CultureInfo.InvariantCulture)).FirstOrDefault();
}
