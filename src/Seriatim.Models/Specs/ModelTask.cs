namespace Seriatim.Models;

/// <summary>What the logits of a model mean.</summary>
public enum ModelTask
{
    /// <summary>Scores of the next token.</summary>
    CausalLanguageModel,

    /// <summary>Scores of the next token of a target, given a source.</summary>
    SequenceToSequence,

    /// <summary>Scores of the token at this place.</summary>
    MaskedLanguageModel,

    /// <summary>Scores of the classes of a whole sequence, read from its first row, or the mean of its rows.</summary>
    SequenceClassification,

    /// <summary>Scores of the classes of each token (names, parts of speech).</summary>
    TokenClassification,

    /// <summary>Two scores of each token of a text: that the answer to a question begins there, and that it ends there.</summary>
    QuestionAnswering,

    /// <summary>
    /// Scores of the tokens of a target that are masked, given a source and the other tokens: the target is written at once.
    /// </summary>
    MaskedTranslation,

    /// <summary>Hidden rows and no more: an encoder whose checkpoint has no head, as embedding models have none.</summary>
    Encoding,
}
