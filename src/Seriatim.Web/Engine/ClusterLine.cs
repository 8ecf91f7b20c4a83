using System.Text.Json;

namespace Seriatim.Web.Engine;

/// <summary>What a server's <c>/v1/cluster</c> tells.</summary>
/// <param name="Name">Name of the cluster.</param>
/// <param name="Failure">Why the store of its list cannot be reached; null: it can.</param>
/// <param name="Silos">Its silos.</param>
internal sealed record ClusterLine(string Name, string? Failure, IReadOnlyList<SiloLine> Silos)
{
    /// <summary>Reads an answer of the endpoint.</summary>
    public static ClusterLine Read(JsonElement answer)
    {
        JsonElement membership = answer.GetProperty("membership");
        return new ClusterLine(answer.GetProperty("cluster").GetString() ?? "",
            membership.TryGetProperty("failure", out JsonElement failure) ? failure.GetString() : null,
            [.. answer.GetProperty("silos").EnumerateArray().SelectMany(SiloLine.Read)]);
    }
}
