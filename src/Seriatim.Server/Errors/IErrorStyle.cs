using System.Text.Json;

namespace Seriatim.Server;

/// <summary>How a protocol writes an error.</summary>
internal interface IErrorStyle
{
    /// <summary>The name of a stream's event that is an error; null: it has none.</summary>
    string? EventName => null;

    /// <summary>The body of an answer that is an error, and the last event of a stream that broke off.</summary>
    void Write(Utf8JsonWriter json, ApiError error, string requestId);
}
