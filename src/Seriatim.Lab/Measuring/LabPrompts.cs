namespace Seriatim.Lab;

/// <summary>Prompts for any decoder, cut from the text that travels with the program.</summary>
internal static class LabPrompts
{
    private const int CharactersPerToken = 12;

    /// <summary>Beginnings of stories: what the built-in models continue well.</summary>
    public static IReadOnlyList<string> Stories { get; } =
    [
        "Once upon a time there was a king who had three sons. The eldest said to his father,",
        "A poor woodcutter lived with his wife in a little house near the forest, and one day he",
        "There was once a girl who was kind to every animal. One morning she met a fox, and the fox said,",
        "The old woman had a golden bird in a cage. Every night the bird sang, and the old woman",
        "A soldier came home from the war with nothing but a bag. On the road he met a man who asked,",
        "Long ago a tailor sat by his window and sewed. When the giant came to his door, he",
        "The youngest brother went out into the wide world. After three days he came to a castle, and",
        "A fisherman once caught a fish that could speak. Let me go, said the fish, and I will",
    ];

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
