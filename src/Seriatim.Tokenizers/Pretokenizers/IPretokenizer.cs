namespace Seriatim.Tokenizers;

/// <summary>
/// Cuts pieces into smaller ones: reads <c>scratch.Pieces</c> and leaves the new pieces there. It may also rewrite the text.
/// </summary>
internal interface IPretokenizer
{
    /// <summary>Cuts every piece.</summary>
    void Split(EncodeScratch scratch);
}
