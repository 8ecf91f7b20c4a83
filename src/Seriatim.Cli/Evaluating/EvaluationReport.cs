using System.Globalization;
using System.Text.Json;

namespace Seriatim.Cli;

/// <summary>What <c>eval</c> found: names and values in their order, as <c>--json</c> prints them, too.</summary>
/// <param name="Task">translation, language or masked.</param>
/// <param name="Values">Numbers (double, long, lists of double) and texts by name, snake_case.</param>
internal sealed record EvaluationReport(string Task, IReadOnlyList<(string Name, object Value)> Values)
{
    public string Model { get; init; } = "";

    public string Data { get; init; } = "";

    public void Print(bool json)
    {
        (string Name, object Value)[] all = [("task", Task), ("model", Model), ("data", Data), .. Values];
        if (json)
        {
            Console.Out.WriteLine(Json(all));
            return;
        }

        foreach ((string name, object value) in all)
            Console.Out.WriteLine($"{name.Replace('_', ' '),-18} {Text(value)}");
    }

    private static string Text(object value) => value switch
    {
        double number => number.ToString(Math.Abs(number) >= 1000 ? "F1" : "F4", CultureInfo.InvariantCulture),
        long count => count.ToString("N0", CultureInfo.InvariantCulture),
        IReadOnlyList<double> list => string.Join(" / ", list.Select(v => v.ToString("F1", CultureInfo.InvariantCulture))),
        _ => $"{value}",
    };

    private static string Json((string Name, object Value)[] all)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream,
            new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            foreach ((string name, object value) in all)
            {
                writer.WritePropertyName(name);
                Write(writer, value);
            }

            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, object value)
    {
        switch (value)
        {
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case double:
                writer.WriteNullValue();
                break;
            case long count:
                writer.WriteNumberValue(count);
                break;
            case IReadOnlyList<double> list:
                writer.WriteStartArray();
                foreach (double item in list)
                    writer.WriteNumberValue(item);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteStringValue($"{value}");
                break;
        }
    }
}
