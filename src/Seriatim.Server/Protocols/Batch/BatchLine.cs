using System.Text.Json;

namespace Seriatim.Server;

/// <summary>A line of a batch, as OpenAI has it.</summary>
internal sealed class BatchLine
{
    public static FieldTable<BatchLine> Table { get; } = new("a line of a batch",
    [
        Row.Needed<BatchLine>("custom_id", JsonKinds.String, "By which its answer is told apart.", "\"1\"",
            (line, value) => line.Id = value.Text),
        Row.Of<BatchLine>("method", JsonKinds.String, "`POST`.", "\"POST\"", (_, _) => { }) with { OneOf = ["POST"] },
        Row.Needed<BatchLine>("url", JsonKinds.String, "What is asked, e.g. `/v1/chat/completions`.", "\"/v1/completions\"",
            (line, value) => line.Url = value.Text),
        Row.Needed<BatchLine>("body", JsonKinds.Object, "The request.", "{\"prompt\": \"the cat\"}",
            (line, value) => line.Body = value.Json.Clone()),
    ]);

    public string? Id { get; set; }

    public string Url { get; set; } = "";

    public JsonElement Body { get; set; }
}
