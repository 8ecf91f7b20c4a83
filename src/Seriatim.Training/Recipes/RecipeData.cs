namespace Seriatim.Training;

/// <summary>A data file of a recipe.</summary>
/// <param name="File">The file.</param>
/// <param name="Weight">Share of the draws relative to the other files; null: every example once an epoch.</param>
public sealed record RecipeData(DataFile File, double? Weight)
{
    /// <summary><c>name</c>: what figures of this file are called (<c>eval_NAME_bleu</c>); by default the file's name.</summary>
    public string Name { get; init; } = Path.GetFileNameWithoutExtension(File.Path);

    /// <summary><c>bleu_tokenizer</c>: how its targets are cut for BLEU.</summary>
    public BleuTokenizer BleuTokenizer { get; init; }

    internal static RecipeData Read(RecipeReader reader, string folder)
    {
        string path = Path.GetFullPath(Path.Combine(folder, reader.Needed("path")));
        DataFormat format = reader.OneOf("format", DataFormat.Text,
            ("text", DataFormat.Text), ("lines", DataFormat.Lines), ("jsonl", DataFormat.Jsonl), ("tsv", DataFormat.Tsv));
        string? target = reader.Text("target");
        if (target is not null && (format is DataFormat.Text or DataFormat.Lines))
            throw reader.Wrong("target", "jsonl or tsv data");
        var file = new DataFile(path, format)
        {
            Marker = reader.Text("marker"),
            SourceField = reader.Text("source") ?? (format == DataFormat.Jsonl ? "text" : "0"),
            TargetField = target,
            Prefix = reader.Text("prefix") ?? "",
        };
        if (file.Marker is not null && format != DataFormat.Text)
            throw reader.Wrong("marker", "text data");
        string? name = reader.Text("name"), origin = reader.Text("origin");
        BleuTokenizer bleu = reader.OneOf("bleu_tokenizer", BleuTokenizer.Mteval13A,
            ("13a", BleuTokenizer.Mteval13A), ("zh", BleuTokenizer.Chinese), ("char", BleuTokenizer.Character));
        double? weight = reader.Has("weight") ? reader.Number("weight", 1, double.Epsilon) : null;
        reader.Complete();
        RecipeData data = Existing(file, weight, origin) with { BleuTokenizer = bleu };
        return name is null ? data : data with { Name = name };
    }

    /// <summary><c>origin</c> says where a file that is not there can be had.</summary>
    private static RecipeData Existing(DataFile file, double? weight, string? origin) => System.IO.File.Exists(file.Path)
        ? new RecipeData(file, weight)
        : throw new RecipeException(
            $"There is no data file {file.Path}. {origin ?? "Put it there, or change the recipe's \"path\"."}");
}
