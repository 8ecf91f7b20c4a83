using System.Text.Json;

namespace Seriatim.Web.Engine;

/// <summary>A replica of a model at a silo; of a silo without models the silo alone.</summary>
internal sealed record SiloLine
{
    /// <summary>Name of the silo.</summary>
    public required string Silo { get; init; }

    /// <summary>Whether it is the server of this page.</summary>
    public bool IsHere { get; init; }

    /// <summary><c>active</c>, <c>draining</c> or <c>silent</c>.</summary>
    public string State { get; init; } = "";

    /// <summary>The model; null: the silo has none.</summary>
    public string? Model { get; init; }

    /// <summary>What it gives equal answers by; null: it is not open.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Requests that run.</summary>
    public int Running { get; init; }

    /// <summary>Requests that wait.</summary>
    public int Waiting { get; init; }

    /// <summary>Pages of its memory.</summary>
    public int Pages { get; init; }

    /// <summary>Pages that are in use.</summary>
    public int PagesInUse { get; init; }

    /// <summary>Reads a silo of <c>/v1/cluster</c>.</summary>
    public static IEnumerable<SiloLine> Read(JsonElement silo)
    {
        var line = new SiloLine
        {
            Silo = silo.GetProperty("name").GetString() ?? "",
            IsHere = silo.GetProperty("here").GetBoolean(),
            State = silo.GetProperty("state").GetString() ?? "",
        };
        SiloLine[] replicas = [.. silo.GetProperty("models").EnumerateArray().Select(model => line with
        {
            Model = model.GetProperty("name").GetString(),
            Fingerprint = model.GetProperty("fingerprint").GetString(),
            Running = model.GetProperty("running").GetInt32(),
            Waiting = model.GetProperty("waiting").GetInt32(),
            Pages = model.GetProperty("pages").GetInt32(),
            PagesInUse = model.GetProperty("pages_in_use").GetInt32(),
        })];
        return replicas.Length > 0 ? replicas : [line];
    }
}
