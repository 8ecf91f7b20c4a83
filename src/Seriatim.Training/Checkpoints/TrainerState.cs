using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Seriatim.Training;

/// <summary>
/// Where a run stands besides weights and moments. Random numbers go by counter, so the seed and the positions are the whole
/// random state. No times, so that the same run writes the same bytes.
/// </summary>
public sealed record TrainerState
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "trainer_state.json";

    /// <summary>Optimizer steps done.</summary>
    public required long GlobalStep { get; init; }

    /// <summary>Epochs done, with the part of the current one; for information.</summary>
    public double Epoch { get; init; }

    /// <summary>The next batch of data.</summary>
    public required DataPosition Position { get; init; }

    /// <summary>Seed of the run.</summary>
    public required ulong Seed { get; init; }

    /// <summary>
    /// What the run depends on, by the recipe's keys: training goes on only if it is the same, but for more steps.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Loss summed since the last log entry, in nats.</summary>
    public double RunningLoss { get; init; }

    /// <summary>Labels since the last log entry.</summary>
    public long RunningLabels { get; init; }

    /// <summary>The best checkpoint so far; null if none is looked for, or before the first evaluation.</summary>
    public BestModel? Best { get; init; }

    /// <summary>Everything logged so far.</summary>
    public IReadOnlyList<LogEntry> LogHistory { get; init; } = [];

    /// <summary>The file's bytes.</summary>
    public byte[] ToJson()
    {
        var history = new JsonArray();
        foreach (LogEntry entry in LogHistory)
        {
            var line = new JsonObject { ["step"] = entry.Step };
            foreach ((string name, double value) in entry.Values)
                line[name] = Number(value);
            history.Add((JsonNode)line);
        }

        var settings = new JsonObject();
        foreach ((string key, string value) in Settings)
            settings[key] = value;
        var root = new JsonObject
        {
            ["global_step"] = GlobalStep,
            ["epoch"] = Number(Epoch),
            ["data_epoch"] = Position.Epoch,
            ["data_batch"] = Position.Batch,
            ["seed"] = Seed,
            ["settings"] = settings,
            ["running_loss"] = Number(RunningLoss),
            ["running_labels"] = RunningLabels,
            ["log_history"] = history,
        };
        if (Best is { } best)
        {
            root["best_metric"] = Number(best.Value);
            root["best_global_step"] = best.Step;
            root["best_model_checkpoint"] = best.Folder;
            root["evaluations_since_best"] = best.Since;
        }

        var options = new JsonWriterOptions { Indented = true };
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, options))
            root.WriteTo(writer);
        return stream.ToArray();
    }

    /// <summary>Reads the file of a checkpoint.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <exception cref="ModelFormatException">The file is missing or damaged.</exception>
    public static TrainerState Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = json.RootElement;
            return new TrainerState
            {
                GlobalStep = root.GetProperty("global_step").GetInt64(),
                Epoch = Number(root.GetProperty("epoch")),
                Position = new DataPosition(root.GetProperty("data_epoch").GetInt64(), root.GetProperty("data_batch").GetInt32()),
                Seed = root.GetProperty("seed").GetUInt64(),
                Settings = root.GetProperty("settings").EnumerateObject()
                    .ToDictionary(p => p.Name, p => p.Value.GetString() ?? ""),
                RunningLoss = Number(root.GetProperty("running_loss")),
                RunningLabels = root.GetProperty("running_labels").GetInt64(),
                Best = root.TryGetProperty("best_metric", out JsonElement best)
                    ? new BestModel(Number(best), root.GetProperty("best_global_step").GetInt64(),
                        root.GetProperty("evaluations_since_best").GetInt32())
                    : null,
                LogHistory = [.. root.GetProperty("log_history").EnumerateArray().Select(Entry)],
            };
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException
            or IOException)
        {
            throw new ModelFormatException(path, $"is not a trainer state: {error.Message}", "Resume from another checkpoint.");
        }
    }

    private static LogEntry Entry(JsonElement line) => new(line.GetProperty("step").GetInt64(),
        line.EnumerateObject().Where(p => p.Name != "step").ToDictionary(p => p.Name, p => Number(p.Value)));

    /// <summary>JSON has no word for infinity and NaN, which a run that diverges logs: they are written as texts.</summary>
    private static JsonNode Number(double value) => double.IsFinite(value)
        ? JsonValue.Create(value)
        : JsonValue.Create(value.ToString(CultureInfo.InvariantCulture));

    private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.String
        ? double.Parse(value.GetString()!, NumberStyles.Float, CultureInfo.InvariantCulture)
        : value.GetDouble();
}
