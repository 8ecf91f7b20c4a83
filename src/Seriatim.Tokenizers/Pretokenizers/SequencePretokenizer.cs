namespace Seriatim.Tokenizers;

/// <summary>Pre-tokenizers one after another.</summary>
internal sealed class SequencePretokenizer(IReadOnlyList<IPretokenizer> pretokenizers) : IPretokenizer
{
    /// <inheritdoc/>
    public void Split(EncodeScratch scratch)
    {
        foreach (IPretokenizer pretokenizer in pretokenizers)
        {
            pretokenizer.Split(scratch);
        }
    }
}
