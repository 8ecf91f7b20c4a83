namespace Seriatim.Tokenizers;

/// <summary>The kinds of vocabulary that can be trained.</summary>
public enum TrainerModel
{
    /// <summary>BPE over bytes with the pre-tokenizer of GPT-2: spells any text, English first.</summary>
    ByteLevelBpe,

    /// <summary>
    /// BPE over characters with visible spaces, rare characters spelled in bytes, as SentencePiece makes for Llama.
    /// </summary>
    ByteFallbackBpe,

    /// <summary>A Unigram language model trained with EM and pruning (Kudo 2018), as SentencePiece makes for T5.</summary>
    Unigram,

    /// <summary>WordPiece with BERT's cleaning; merges are chosen by frequency.</summary>
    WordPiece,
}
