namespace Seriatim.Tokenizers;

/// <summary>Normalizers one after another.</summary>
internal sealed class SequenceNormalizer(IReadOnlyList<INormalizer> normalizers) : INormalizer
{
    /// <inheritdoc/>
    public void Normalize(AlignedText text)
    {
        foreach (INormalizer normalizer in normalizers)
        {
            normalizer.Normalize(text);
        }
    }
}
