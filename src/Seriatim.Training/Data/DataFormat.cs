namespace Seriatim.Training;

/// <summary>How a data file is cut into examples. A name that ends in <c>.gz</c> is decompressed.</summary>
public enum DataFormat
{
    /// <summary>Documents separated by lines that hold the marker alone; without a marker the file is one document.</summary>
    Text,

    /// <summary>Each line is a document.</summary>
    Lines,

    /// <summary>Each line is a JSON object; named fields hold the text, or source and target.</summary>
    Jsonl,

    /// <summary>Each line has fields separated by tabs; numbered fields hold the text, or source and target.</summary>
    Tsv,
}
