using System.Text.Json;

namespace Seriatim.Server;

/// <summary><c>GET /openapi.json</c>: all endpoints and fields, made from the tables that read them.</summary>
internal sealed class OpenApiEndpoint : Endpoint
{
    public override string Method => "GET";

    public override string Path => "/openapi.json";

    public override string Summary => "This document.";

    public override EndpointAccess Access => EndpointAccess.Open;

    public override Task HandleAsync(ApiCall call) => call.WriteAsync(Write);

    /// <summary>Writes the document.</summary>
    public static void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("openapi"u8, "3.1.0"u8);
        json.WriteStartObject("info"u8);
        json.WriteString("title"u8, "Seriatim"u8);
        json.WriteString("version"u8, ModelIdentity.Version);
        json.WriteEndObject();
        json.WriteStartObject("paths"u8);
        foreach (IGrouping<string, Endpoint> path in Endpoints.All.GroupBy(endpoint => PathOf(endpoint)))
        {
            json.WriteStartObject(path.Key);
            foreach (Endpoint endpoint in path)
                Write(json, endpoint);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteStartObject("components"u8);
        json.WriteStartObject("securitySchemes"u8);
        json.WriteStartObject("key"u8);
        json.WriteString("type"u8, "http"u8);
        json.WriteString("scheme"u8, "bearer"u8);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>OpenAPI knows no parameters that go on over slashes.</summary>
    private static string PathOf(Endpoint endpoint) => endpoint.Path.Replace("{**", "{", StringComparison.Ordinal);

    private static void Write(Utf8JsonWriter json, Endpoint endpoint)
    {
        json.WriteStartObject(endpoint.Method.ToLowerInvariant());
        json.WriteString("summary"u8, endpoint.Summary);
        string path = PathOf(endpoint);
        if (path.IndexOf('{', StringComparison.Ordinal) is >= 0 and var at)
        {
            json.WriteStartArray("parameters"u8);
            json.WriteStartObject();
            json.WriteString("name"u8, path[(at + 1)..path.IndexOf('}', StringComparison.Ordinal)]);
            json.WriteString("in"u8, "path"u8);
            json.WriteBoolean("required"u8, true);
            json.WriteStartObject("schema"u8);
            json.WriteString("type"u8, "string"u8);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
        }

        if (endpoint.Fields is { } fields)
        {
            json.WriteStartObject("requestBody"u8);
            json.WriteBoolean("required"u8, true);
            json.WriteStartObject("content"u8);
            json.WriteStartObject("application/json"u8);
            json.WritePropertyName("schema"u8);
            WriteTable(json, fields);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        WriteResponses(json, endpoint);
        if (endpoint.Access != EndpointAccess.Open)
        {
            json.WriteStartArray("security"u8);
            json.WriteStartObject();
            json.WriteStartArray("key"u8);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteResponses(Utf8JsonWriter json, Endpoint endpoint)
    {
        (string Status, string Text)[] always = [("200", "The answer.")];
        (string Status, string Text)[] errors = endpoint.Access == EndpointAccess.Open ? []
            :
            [
                ("400", "A field is wrong, or not supported."), ("401", "The key is missing or not known."),
                ("404", "There is no such model."), ("429", "A limit is reached; Retry-After says when to come again."),
                ("503", "The server is full, or stops; Retry-After says when to come again."),
            ];
        json.WriteStartObject("responses"u8);
        foreach ((string status, string text) in always.Concat(errors))
        {
            json.WriteStartObject(status);
            json.WriteString("description"u8, text);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteTable(Utf8JsonWriter json, FieldTable table)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "object"u8);
        json.WriteBoolean("additionalProperties"u8, false);
        json.WriteStartObject("properties"u8);
        foreach (Field row in table.Rows)
            Write(json, row);
        json.WriteEndObject();
        if (table.Rows.Any(row => row.IsRequired))
        {
            json.WriteStartArray("required"u8);
            foreach (Field row in table.Rows.Where(row => row.IsRequired))
                json.WriteStringValue(row.Name);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Field row)
    {
        json.WriteStartObject(row.Name);
        json.WriteString("description"u8, row.Fate switch
        {
            FieldFate.Refused => $"Refused: {row.Doc}",
            FieldFate.WithoutEffect => $"Without effect: {row.Doc}",
            _ => row.Doc,
        });
        JsonKinds[] kinds = [.. Enum.GetValues<JsonKinds>().Where(kind => kind != JsonKinds.None && row.Kinds.HasFlag(kind))];
        if (kinds.Length == 1 && row.Inside is not null)
            WriteInside(json, kinds[0], row.Inside());
        else
        {
            json.WriteStartArray("type"u8);
            foreach (JsonKinds kind in kinds)
                json.WriteStringValue(kind.ToString().ToLowerInvariant());
            json.WriteStringValue("null"u8);
            json.WriteEndArray();
        }

        if (row.Least is { } least)
            json.WriteNumber("minimum"u8, least);
        if (row.Most is { } most)
            json.WriteNumber("maximum"u8, most);
        WriteSize(json, row);
        if (row.OneOf is { } texts && row.Kinds == JsonKinds.String)
        {
            json.WriteStartArray("enum"u8);
            foreach (string text in texts)
                json.WriteStringValue(text);
            json.WriteNullValue();
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteSize(Utf8JsonWriter json, Field row)
    {
        if (row.MostItems is { } items)
        {
            if (row.Kinds.HasFlag(JsonKinds.Array))
                json.WriteNumber("maxItems"u8, items);
            if (row.Kinds.HasFlag(JsonKinds.Object))
                json.WriteNumber("maxProperties"u8, items);
        }

        if (row.MostLength is { } length && row.Kinds.HasFlag(JsonKinds.String))
            json.WriteNumber("maxLength"u8, length);
    }

    private static void WriteInside(Utf8JsonWriter json, JsonKinds kind, FieldTable table)
    {
        if (kind != JsonKinds.Array)
        {
            json.WriteStartArray("allOf"u8);
            WriteTable(json, table);
            json.WriteEndArray();
            return;
        }

        json.WriteString("type"u8, "array"u8);
        json.WritePropertyName("items"u8);
        WriteTable(json, table);
    }
}
