namespace Seriatim.Tokenizers;

/// <summary>Spells the whole text in the visible byte alphabet.</summary>
internal sealed class ByteLevelNormalizer : INormalizer
{
    /// <inheritdoc/>
    public void Normalize(AlignedText text)
    {
        text.BeginRewrite();
        text.EmitBytes(0, text.Length);
        text.EndRewrite();
    }
}
