namespace Seriatim.Tokenizers;

/// <summary>Changes text before it is cut into pieces. Normalizers see each stretch between added tokens by itself.</summary>
internal interface INormalizer
{
    /// <summary>Rewrites <paramref name="text"/> in place.</summary>
    void Normalize(AlignedText text);
}
