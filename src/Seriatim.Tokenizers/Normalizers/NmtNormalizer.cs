namespace Seriatim.Tokenizers;

/// <summary>The <c>Nmt</c> normalizer: controls go, other white space and marks of direction become blanks.</summary>
internal sealed class NmtNormalizer : INormalizer
{
    /// <inheritdoc/>
    public void Normalize(AlignedText text)
    {
        text.BeginRewrite();
        for (int i = 0; i < text.Length; i++)
        {
            char c = text.Span[i];
            if (c is (>= '\u0001' and <= '\u0008') or '\u000B' or (>= '\u000E' and <= '\u001F') or '\u007F'
                or '\u008F' or '\u009F')
            {
                continue;
            }

            if (c is '\t' or '\n' or '\f' or '\r' or '\u1680' or (>= '\u200B' and <= '\u200F') or '\u2028' or '\u2029' or '\u2581'
                or '\uFEFF' or '\uFFFD')
            {
                text.Emit(' ', i, i + 1);
            }
            else
            {
                text.Keep(i, i + 1);
            }
        }

        text.EndRewrite();
    }
}
