using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>The texts that are translated, read once to be counted and checked.</summary>
internal sealed class DistillCorpus
{
    /// <param name="file">The file.</param>
    /// <param name="source">Column or field of the texts; null: the default of the format.</param>
    /// <exception cref="UserErrorException">There is no such file, or no text in it.</exception>
    public DistillCorpus(string file, string? source)
    {
        if (!File.Exists(file))
            throw new UserErrorException($"{file}: there is no such file.");
        Name = file;
        string name = Path.GetFileName(file);
        DataFormat format = Has(".jsonl") ? DataFormat.Jsonl : Has(".txt") ? DataFormat.Lines : DataFormat.Tsv;
        if (format == DataFormat.Lines && source is not null)
            throw new UsageException($"--source is {source}; {file} has a text a line, without columns.");
        var data = new DataFile(file, format) { SourceField = source ?? (format == DataFormat.Jsonl ? "source" : "0") };
        Texts = [.. DataReader.Read(data, new BadLines(0)).Select(record => record.Source)];
        if (Texts.Count == 0)
            throw new UserErrorException($"{file}: there is no text in it.");

        bool Has(string ending) => name.Contains(ending, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Where they come from.</summary>
    public string Name { get; }

    /// <summary>The texts, in their order.</summary>
    public IReadOnlyList<string> Texts { get; }
}
