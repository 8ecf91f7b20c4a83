namespace Seriatim.Tokenizers;

/// <summary>Puts a text in front of anything that is not empty.</summary>
internal sealed class PrependNormalizer(string prepend) : INormalizer
{
    /// <inheritdoc/>
    public void Normalize(AlignedText text)
    {
        if (text.Length == 0 || prepend.Length == 0)
        {
            return;
        }

        text.BeginRewrite();
        text.Emit(prepend, 0, 0);
        text.Keep(0, text.Length);
        text.EndRewrite();
    }
}
