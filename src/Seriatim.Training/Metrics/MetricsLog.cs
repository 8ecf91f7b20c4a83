using System.Text.Json;

namespace Seriatim.Training;

/// <summary>
/// Figures as JSON lines: <c>{"step":50,"loss":2.1,...}</c>, one line an entry, flushed at once so that other programs can follow.
/// </summary>
public sealed class MetricsLog : IDisposable
{
    private readonly FileStream _file;

    /// <summary>Opens the file, keeping the entries up to a step: those after it come again.</summary>
    /// <param name="path">The file; made if it does not exist.</param>
    /// <param name="keepUpTo">Steps done when the run goes on; 0 for a new run.</param>
    public MetricsLog(string path, long keepUpTo)
    {
        string[] kept = File.Exists(path) && keepUpTo > 0 ? [.. File.ReadLines(path).Where(line => StepOf(line) <= keepUpTo)] : [];
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
