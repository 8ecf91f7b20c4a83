using System.Text.Json;

namespace Seriatim.Cluster;

/// <summary>A silo as it is shown.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsHere">Whether it is the one that shows it.</param>
/// <param name="State">How it is.</param>
/// <param name="Version">Its version.</param>
/// <param name="Models">What it has told of its models.</param>
internal sealed record SiloView(string Name, bool IsHere, string State, string Version, IReadOnlyList<ModelReport> Models)
{
    /// <summary>It takes requests.</summary>
    public const string Active = "active";

    /// <summary>What is known of a silo at this moment.</summary>
    public static SiloView Of(KnownSilo silo) => new(silo.Name, silo.IsHere,
        silo.IsSilent ? "silent" : silo.IsDraining ? "draining" : Active, silo.Version,
        [.. silo.Models.Values.Select(model => model.Report).OrderBy(report => report.Name, StringComparer.Ordinal)]);

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, Name);
        json.WriteBoolean("here"u8, IsHere);
        json.WriteString("state"u8, State);
        json.WriteString("version"u8, Version);
        json.WriteStartArray("models"u8);
        foreach (ModelReport model in Models)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, model.Name);
            json.WriteString("fingerprint"u8, model.Fingerprint);
            json.WriteNumber("running"u8, model.Running);
            json.WriteNumber("waiting"u8, model.Waiting);
            json.WriteNumber("pages"u8, model.Pages);
            json.WriteNumber("pages_in_use"u8, model.PagesInUse);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
