namespace Seriatim.Models;

/// <summary>What a config says beyond the shape of the model: ids that generation needs, labels, values for training.</summary>
public sealed record ModelConfig
{
    /// <summary>Begins a text; null if there is none.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Each of them ends a text.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>The filler of padded batches; some decoders start with it. Null if there is none.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>The first id of every target of an encoder-decoder.</summary>
    public int? DecoderStartTokenId { get; init; }

    /// <summary>Must be the first generated id; null: none.</summary>
    public int? ForcedBosTokenId { get; init; }

    /// <summary>Must be the last generated id when the length limit is reached; null: none.</summary>
    public int? ForcedEosTokenId { get; init; }

    /// <summary>Names of the classes of a classifier, by index.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Dropout probabilities and the like, by their key in the config: what matters in training alone.</summary>
    public IReadOnlyDictionary<string, double> TrainingValues { get; init; } = new Dictionary<string, double>();

    /// <summary>
    /// The metadata of the GGUF file the model came from, which describe its tokenizer too; null for other models.
    /// </summary>
    public IReadOnlyDictionary<string, object>? Metadata { get; init; }

    /// <summary>
    /// Keys of a GGUF file that begin with none of the names a model is described by, and were therefore not read:
    /// notes of the program that made the file.
    /// </summary>
    public IReadOnlyList<string> IgnoredKeys { get; init; } = [];

    /// <summary>The file as it was read, without a byte order mark, UTF-8; empty for a model that was not loaded.</summary>
    public ReadOnlyMemory<byte> Json { get; init; }

    /// <summary>How the checkpoint stores matrices in other tensors than themselves; null: it does not.</summary>
    internal WeightCoding? Coding { get; init; }

    /// <summary>
    /// Whether the parameters have other places in the file they came from than a folder with this config would give them.
    /// </summary>
    internal bool IsTranslated { get; init; }
}
