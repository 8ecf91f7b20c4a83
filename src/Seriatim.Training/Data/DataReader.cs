using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Seriatim.Training;

/// <summary>Reads examples from text, JSONL and TSV files, plain or gzip; UTF-8.</summary>
public static class DataReader
{
    /// <summary>The examples of a file, one after another.</summary>
    /// <param name="file">The file and how to read it.</param>
    /// <param name="bad">Counts the lines that hold no example: empty, malformed, not UTF-8, a field missing.</param>
    /// <exception cref="DataException">
    /// There are too many bad lines, or the file's description does not fit its format.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">A gzip file is damaged.</exception>
    public static IEnumerable<TextRecord> Read(DataFile file, BadLines bad)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(bad);
        return Checked(bad, file.Format switch
        {
            DataFormat.Text => Documents(file, bad),
            DataFormat.Tsv => Tsv(file, Column(file, file.SourceField), file.TargetField is { } t ? Column(file, t) : null, bad),
            DataFormat.Jsonl => Jsonl(file, bad),
            _ => Lines(file, bad),
        });
    }

    private static IEnumerable<TextRecord> Checked(BadLines bad, IEnumerable<TextRecord> records)
    {
        foreach (TextRecord record in records)
            yield return record;
        bad.Check();
    }

    private static IEnumerable<TextRecord> Documents(DataFile file, BadLines bad)
    {
        var document = new StringBuilder();
        long first = 1, number = 0;
        foreach (string line in LinesOf(file))
        {
            number++;
            if (file.Marker is null || line.AsSpan().TrimEnd("\r\n") is var bare && !bare.SequenceEqual(file.Marker))
            {
                document.Append(line);
                continue;
            }

            if (Take() is { } record)
                yield return record;
            first = number + 1;
        }

        // What follows the last marker is a document only if it holds something.
        if ((file.Marker is null || !string.IsNullOrWhiteSpace(document.ToString())) && Take() is { } last)
            yield return last;

        TextRecord? Take()
        {
            string text = document.ToString();
            document.Clear();
            if (Problem(text) is not { } problem)
                return new TextRecord(file.Prefix + text, null, first);
            bad.Add(file.Path, first, problem);
            return null;
        }
    }

    private static IEnumerable<TextRecord> Lines(DataFile file, BadLines bad)
    {
        long number = 0;
        foreach (string line in LinesOf(file))
        {
            number++;
            string text = line.TrimEnd('\r', '\n');
            if (Problem(text) is { } problem)
                bad.Add(file.Path, number, problem);
            else
                yield return new TextRecord(file.Prefix + text, null, number);
        }
    }

    private static IEnumerable<TextRecord> Tsv(DataFile file, int source, int? target, BadLines bad)
    {
        long number = 0;
        foreach (string line in LinesOf(file))
        {
            number++;
            string[] fields = line.TrimEnd('\r', '\n').Split('\t');
            int needed = Math.Max(source, target ?? 0) + 1;
            if (fields.Length < needed && !string.IsNullOrWhiteSpace(line))
            {
                bad.Add(file.Path, number, $"{fields.Length} fields, {needed} needed");
            }
            else if (Problem(fields.Length < needed ? "" : fields[source],
                target is { } t && fields.Length >= needed ? fields[t] : null) is { } problem)
            {
                bad.Add(file.Path, number, problem);
            }
            else
            {
                yield return new TextRecord(file.Prefix + fields[source], target is { } column ? fields[column] : null, number);
            }
        }
    }

    private static IEnumerable<TextRecord> Jsonl(DataFile file, BadLines bad)
    {
        long number = 0;
        foreach (string line in LinesOf(file))
        {
            number++;
            (string? source, string? target, string? problem) = Fields(line, file);
            if (problem is not null)
                bad.Add(file.Path, number, problem);
            else
                yield return new TextRecord(file.Prefix + source, target, number);
        }
    }

    private static (string? Source, string? Target, string? Problem) Fields(string line, DataFile file)
    {
        if (string.IsNullOrWhiteSpace(line))
            return (null, null, "empty");
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return (null, null, $"a JSON {json.RootElement.ValueKind}, an object is needed");
            string?[] texts = new string?[2];
            string?[] names = [file.SourceField, file.TargetField];
            for (int i = 0; i < 2; i++)
            {
                if (names[i] is not { } name)
                    continue;
                if (!json.RootElement.TryGetProperty(name, out JsonElement value) || value.ValueKind != JsonValueKind.String)
                    return (null, null, $"no string called \"{name}\"");
                texts[i] = value.GetString();
            }

            return (texts[0], texts[1], Problem(texts[0]!, texts[1]));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return (null, null, $"not JSON: {error.Message}");
        }
    }

    private static string? Problem(string source, string? target = "-") =>
        string.IsNullOrWhiteSpace(source) || string.IsNullOrWhiteSpace(target ?? "-") ? "empty"
        : source.Contains('\uFFFD') || target?.Contains('\uFFFD') == true ? "not UTF-8, or U+FFFD in the text" : null;

    /// <summary>Lines with their ends, cut at LF alone so that documents keep every character.</summary>
    private static IEnumerable<string> LinesOf(DataFile file)
    {
        using var stream = new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        using Stream plain = file.Path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
            ? new GZipStream(stream, CompressionMode.Decompress) : stream;
        using var reader = new StreamReader(plain, Encoding.UTF8);
        var line = new StringBuilder();
        char[] buffer = new char[1 << 15];
        for (int count; (count = reader.Read(buffer, 0, buffer.Length)) > 0;)
        {
            int start = 0;
            for (int end; (end = Array.IndexOf(buffer, '\n', start, count - start)) >= 0; start = end + 1)
            {
                line.Append(buffer, start, end + 1 - start);
                yield return line.ToString();
                line.Clear();
            }

            line.Append(buffer, start, count - start);
        }

        if (line.Length > 0)
            yield return line.ToString();
    }

    private static int Column(DataFile file, string field) =>
        int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out int column)
            ? column
            : throw new DataException($"{file.Path} is TSV; its columns are numbers from 0, not \"{field}\".");
}
