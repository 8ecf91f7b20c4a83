using System.Text.Json;

namespace Seriatim.Training;

/// <summary>
/// Figures as JSON lines: <c>{"step":50,"loss":2.1,...}</c>, one line an entry, flushed
/// at once so that other programs can follow.
/// </summary>
public sealed class MetricsLog : IDisposable
{
    private readonly FileStream _file;

    /// <summary>Opens the file, keeping the entries up to a step: those after it come again.</summary>
    /// <param name="path">The file; made if it does not exist.</param>
    /// <param name="keepUpTo">Steps done when the run goes on; 0 for a new run.</param>
    public MetricsLog(string path, long keepUpTo)
    {
        string[] kept = File.Exists(path) && keepUpTo > 0
            ? [.. File.ReadLines(path).Where(line => StepOf(line) <= keepUpTo)]
            : [];
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        foreach (string line in kept)
            _file.Write([.. System.Text.Encoding.UTF8.GetBytes(line), (byte)'\n']);
        _file.Flush();
    }

    /// <summary>Writes an entry.</summary>
    /// <param name="entry">The figures; those that are not finite are left out, JSON has no word for them.</param>
    public void Write(LogEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("step", entry.Step);
            foreach ((string name, double value) in entry.Values.Where(v => double.IsFinite(v.Value)))
                json.WriteNumber(name, value);
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        _file.Write(stream.ToArray());
        _file.Flush();
    }

    /// <summary>The entries of a file, oldest first; a line that was cut off by a crash is left out.</summary>
    /// <param name="path">The file; it may be open for writing.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyList<LogEntry> Read(string path)
    {
        var entries = new List<LogEntry>();
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (StepOf(line) == long.MaxValue)
                continue;
            using JsonDocument json = JsonDocument.Parse(line);
            entries.Add(new LogEntry(StepOf(line), json.RootElement.EnumerateObject()
                .Where(p => p.Name != "step" && p.Value.ValueKind == JsonValueKind.Number)
                .ToDictionary(p => p.Name, p => p.Value.GetDouble())));
        }

        return entries;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>The step of a line; a line that was cut off by a crash counts as later than all.</summary>
    private static long StepOf(string line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("step").GetInt64();
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return long.MaxValue;
        }
    }
}
