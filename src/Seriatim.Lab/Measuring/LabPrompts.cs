namespace Seriatim.Lab;

/// <summary>Prompts for any decoder, cut from the text that travels with the program.</summary>
internal static class LabPrompts
{
    private const int CharactersPerToken = 12;

    /// <summary>So many ids of the text.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="count">How many.</param>
    /// <param name="number">Which piece of the text: others are others.</param>
    public static int[] Ids(Tokenizer tokenizer, int count, int number = 0)
    {
        string text = LabData.Shakespeare;
        int length = Math.Min(text.Length, (count + 8) * CharactersPerToken);
        int start = (int)((long)number * 7919 % (text.Length - length + 1));
        int[] ids = tokenizer.Encode(text.AsSpan(start, length));
        return ids.Length >= count
            ? ids[..count]
            : throw new LabSkipException(new(
                $"The tokenizer makes {ids.Length} tokens of {length} letters; {count} are needed.",
                $"分词器把 {length} 个字母切成 {ids.Length} 个词元;需要 {count} 个。"));
    }
}
