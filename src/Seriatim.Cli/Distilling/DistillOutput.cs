using System.Text;
using System.Text.Json;

namespace Seriatim.Cli;

/// <summary>
/// The pairs that are written, each as soon as it is there: whatever ends the program, the file holds whole lines but for its
/// last one,
/// and another run goes on from there.
/// </summary>
internal sealed class DistillOutput : IDisposable
{
    private readonly FileStream _file;
    private readonly bool _json;

    private DistillOutput(FileStream file, bool json, int done) => (_file, _json, Done) = (file, json, done);

    /// <summary>Pairs that the file has.</summary>
    public int Done { get; private set; }

    /// <param name="path">The file.</param>
    /// <param name="corpus">What is translated.</param>
    /// <param name="resume">Whether to go on with a file that is there.</param>
    public static DistillOutput Open(string path, DistillCorpus corpus, bool resume)
    {
        if (Path.GetFullPath(path) == Path.GetFullPath(corpus.Name))
            throw new UsageException($"{path} is read and cannot be written too. Choose another file for -o.");
        bool json = path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase);
        if (!json)
            RefuseUnwritable(path, corpus);
        if (File.Exists(path) && new FileInfo(path).Length > 0 && !resume)
        {
            throw new UserErrorException(
                $"{path} is there already. Go on with it with --resume, choose another file, or remove it.");
        }
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            (int done, long length) = Check(file, path, corpus, json);
            file.SetLength(length);
            file.Position = length;
            return new DistillOutput(file, json, done);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes the next pair.</summary>
    public async Task WriteAsync(string source, string translation)
    {
        await _file.WriteAsync(Encoding.UTF8.GetBytes(Line(source, translation, _json) + "\n"));
        await _file.FlushAsync();
        Done++;
    }

    public void Dispose() => _file.Dispose();

    private static string Line(string source, string translation, bool json) => json
        ? JsonSerializer.Serialize(new DistilledPair(source, translation), CliJson.Lines.DistilledPair)
        : $"{source}\t{translation.Replace('\t', ' ')}";

    /// <summary>Whole lines of the file, and their bytes; refuses a file that is not of this corpus.</summary>
    private static (int Done, long Length) Check(FileStream file, string path, DistillCorpus corpus, bool json)
    {
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        int done = 0, at = 0;
        while (bytes.AsSpan(at).IndexOf((byte)'\n') is >= 0 and var end)
        {
            string line = Encoding.UTF8.GetString(bytes, at, end);
            if (done >= corpus.Texts.Count || SourceOf(line, json) != corpus.Texts[done])
            {
                string text = done >= corpus.Texts.Count ? "nothing: the corpus ends before" : $"\"{corpus.Texts[done]}\"";
                throw new UserErrorException(
                    $"{path}, line {done + 1} is not the translation of the corpus's text there, {text}. "
                        + "It is of another corpus; choose another file for -o.");
            }

            (done, at) = (done + 1, at + end + 1);
        }

        string rest = Encoding.UTF8.GetString(bytes.AsSpan(at));
        if (rest.Length > 0 && (done >= corpus.Texts.Count || !IsBegunLine(rest, corpus.Texts[done], json)))
        {
            throw new UserErrorException($"{path} ends with a line that is no beginning of a translation of this corpus's text "
                + $"{done + 1}. It is something else; choose another file for -o.");
        }

        return (done, at);
    }

    /// <summary>Whether a line that was cut off is one of a text: as far as it goes, it begins like it.</summary>
    private static bool IsBegunLine(string rest, string text, bool json)
    {
        string begins = Line(text, "", json);
        begins = json ? begins[..^2] : begins;
        rest = rest.TrimEnd('\uFFFD');
        return begins.StartsWith(rest, StringComparison.Ordinal) || rest.StartsWith(begins, StringComparison.Ordinal);
    }

    private static string? SourceOf(string line, bool json)
    {
        if (!json)
            return line.Split('\t')[0];
        try
        {
            return JsonSerializer.Deserialize(line, CliJson.Lines.DistilledPair)?.Source;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Tab-separated lines have no place for a tab or the end of a line in a text.</summary>
    private static void RefuseUnwritable(string path, DistillCorpus corpus)
    {
        for (int i = 0; i < corpus.Texts.Count; i++)
        {
            if (corpus.Texts[i].AsSpan().IndexOfAny('\t', '\n', '\r') >= 0)
            {
                throw new UserErrorException($"{corpus.Name}, text {i + 1} has a tab or several lines, for which {path} has no "
                    + "place. Write JSONL: give -o a name that ends with .jsonl.");
            }
        }
    }
}

/// <summary>A line of distilled pairs as JSON.</summary>
/// <param name="Source">The text.</param>
/// <param name="Target">The teacher's translation.</param>
internal sealed record DistilledPair(string Source, string Target);
