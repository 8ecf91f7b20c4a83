namespace Seriatim.Tokenizers;

/// <summary>The model of a tokenizer: it turns one piece of text into tokens of its vocabulary.</summary>
internal interface ITokenModel
{
    /// <summary>The pieces and their ids.</summary>
    Vocabulary Vocabulary { get; }

    /// <summary>The id unknown text becomes, if the model has one.</summary>
    int? UnkId { get; }

    /// <summary>Adds the tokens of <c>scratch.Text[start..end)</c> to <c>scratch.Tokens</c>.</summary>
    void Tokenize(EncodeScratch scratch, int start, int end);
}
