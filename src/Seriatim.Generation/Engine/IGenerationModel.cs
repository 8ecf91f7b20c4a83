namespace Seriatim.Generation;

/// <summary>
/// What the engine needs of a model. Passes are made by one thread at a time, the engine's; the properties, limits and variants
/// may be asked for by any.
/// </summary>
public interface IGenerationModel
{
    /// <summary>What it can do.</summary>
    ModelCapability Capability { get; }

    /// <summary>
    /// A short name for what it computes: requests can move between engines whose models have the same.
    /// </summary>
    /// <param name="adapter">With this adapter; null: without.</param>
    string FingerprintOf(string? adapter);

    /// <summary>Number of token ids, V.</summary>
    int VocabularySize { get; }

    /// <summary>Most positions of a sequence; <see cref="int.MaxValue"/> where nothing limits it.</summary>
    int ContextLength { get; }

    /// <summary>
    /// Columns of what <see cref="Project(Tensor, ReadOnlyMemory{int})"/> gives: the vocabulary, or the classes of a classifier.
    /// </summary>
    int Outputs { get; }

    /// <summary>Bytes of the keys and values of one position; 0 for encoders and for models without attention.</summary>
    /// <param name="type">How keys and values are stored.</param>
    long BytesPerPosition(KeyValueType type);

    /// <summary>Bytes of one recurrent state, of all layers; 0 for models without.</summary>
    long BytesPerState { get; }

    /// <summary>Room for what sequences remember, for all kinds of layers. Encoders are not asked.</summary>
    /// <param name="pageSize">Positions in a page.</param>
    /// <param name="pages">Number of pages of each kind.</param>
    /// <param name="states">Number of recurrent states.</param>
    /// <param name="type">How keys and values are stored.</param>
    MemoryPools NewMemoryPools(int pageSize, int pages, int states, KeyValueType type);

    /// <summary>
    /// Bytes of the pools of so many units in the process that takes most for them; null: there is this one, and its pools say.
    /// </summary>
    /// <param name="pageSize">Positions in a page.</param>
    /// <param name="pages">Number of pages of each kind.</param>
    /// <param name="states">Number of recurrent states.</param>
    /// <param name="type">How keys and values are stored.</param>
    long? LargestPoolBytes(int pageSize, long pages, long states, KeyValueType type) => null;

    /// <summary>What the terms of a sequence mean for the model.</summary>
    /// <param name="terms">The terms.</param>
    /// <exception cref="SequenceTermsException">The model cannot keep to them.</exception>
    SequenceLimits LimitsOf(SequenceTerms terms);

    /// <summary>Refuses what a sequence tells sparse attention, unless the model reads it.</summary>
    /// <param name="pattern">Global tokens, or blocks.</param>
    /// <param name="rows">Rows of the sequence.</param>
    /// <exception cref="ArgumentException">No layer reads it, or it does not fit.</exception>
    void CheckPattern(SparsePattern pattern, int rows) =>
        throw new ArgumentException($"The model has no sparse attention that could read the pattern of {rows} rows.");

    /// <summary>
    /// What of the terms changes the keys and values of the same tokens, and nothing else: sequences may share pages only if it
    /// is equal. The declared length belongs to it only where rotary scalings depend on it.
    /// </summary>
    /// <param name="terms">The terms.</param>
    SequenceTerms MemoryVariant(SequenceTerms terms);

    /// <summary>
    /// The output of the encoder (encoder-only models: of the model; decoders: of the whole sequences), <c>[N, E]</c>.
    /// </summary>
    /// <param name="batch">Whole sequences.</param>
    Tensor Encode(RaggedBatch batch);

    /// <summary>How targets are begun and refined, of a model for whole ones; null of others.</summary>
    MaskPredictSpec? MaskPredict => null;

    /// <summary>Logits of the lengths of targets, <c>[S, classes]</c>, of a model for whole ones.</summary>
    /// <param name="source">What <see cref="Encode"/> was given.</param>
    /// <param name="encoded">What it gave.</param>
    Tensor LengthLogits(RaggedBatch source, Tensor encoded) =>
        throw new NotSupportedException($"A model that is a {Capability} predicts no lengths.");

    /// <summary>Rows of the encoder's output that were kept, on the model's device again: of a model for whole targets.</summary>
    /// <param name="values">The rows, one after the other.</param>
    /// <param name="columns">Features of a row, E.</param>
    Tensor Upload(ReadOnlySpan<float> values, int columns) =>
        throw new NotSupportedException($"A model that is a {Capability} reads no rows that were kept.");

    /// <summary>Hidden rows, <c>[N, E]</c>. Memories are written, not committed.</summary>
    /// <param name="batch">The rows.</param>
    /// <param name="encoded">The encoder's output, if segments refer to it.</param>
    Tensor Forward(RaggedBatch batch, Tensor? encoded);

    /// <summary>Logits of the wanted rows, <c>[rows, V]</c>.</summary>
    /// <param name="hidden">What <see cref="Forward"/> or <see cref="Encode"/> gave.</param>
    /// <param name="rows">Rows of it.</param>
    Tensor Project(Tensor hidden, ReadOnlyMemory<int> rows);

    /// <summary>Whether rows can ask for the logits of some ids alone (<see cref="GenerationRequest.Shortlist"/>).</summary>
    bool SelectsOutputs => false;

    /// <summary>What the logits of some ids are selected from; made once an engine, if any request has a shortlist.</summary>
    OutputTable NewOutputTable() =>
        throw new NotSupportedException("The model has no logits of some ids alone.");

    /// <summary>Logits of the wanted rows, each over its own ids and <c>-∞</c> for others, <c>[rows, V]</c>.</summary>
    /// <param name="hidden">What <see cref="Forward"/> gave.</param>
    /// <param name="rows">Rows of it.</param>
    /// <param name="selection">All ids that any of them needs.</param>
    /// <param name="runs">What each run of them needs.</param>
    Tensor Project(Tensor hidden, ReadOnlyMemory<int> rows, OutputSelection selection, IReadOnlyList<SelectedRows> runs) =>
        throw new NotSupportedException("The model has no logits of some ids alone.");
}
