namespace Seriatim.Training;

/// <summary>A file of examples and how to read it.</summary>
/// <param name="Path">The file; <c>.gz</c> is decompressed.</param>
/// <param name="Format">How it is cut.</param>
public sealed record DataFile(string Path, DataFormat Format)
{
    /// <summary>Text: the line between two documents, e.g. <c>&lt;|endoftext|&gt;</c>; null: the file is one document.</summary>
    public string? Marker { get; init; }

    /// <summary>The text, or the source of a pair: a field name (JSONL) or a column from 0 (TSV).</summary>
    public string SourceField { get; init; } = "0";

    /// <summary>The target of a pair, in the same way; null for plain text.</summary>
    public string? TargetField { get; init; }

    /// <summary>Put before every source, e.g. <c>translate Chinese to English: </c>.</summary>
    public string Prefix { get; init; } = "";
}
