using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>What ends the model's turn of a conversation, beside the end ids of the model.</summary>
/// <param name="Id">A special token.</param>
/// <param name="Text">A text, where the template writes no special token.</param>
internal sealed record TurnEnd(int? Id, string? Text)
{
    /// <summary>Stands for what is said. It belongs to no alphabet, and no template looks for it.</summary>
    private const string Said = "\uF8FE";

    /// <summary>
    /// The mark that a template writes behind a turn of the model: its first special token, else its text; where it writes none,
    /// or none can be told, what the tokenizer's files call the end of a turn. It depends on the template alone.
    /// </summary>
    public static TurnEnd Of(Tokenizer tokenizer, ChatTemplate? template)
    {
        string after;
        try
        {
            string rendered = tokenizer.ApplyChatTemplate([new ChatTurn("user", "?"), new ChatTurn("assistant", Said)],
                new ChatPromptOptions { Template = template, AddGenerationPrompt = false });
            int at = rendered.LastIndexOf(Said, StringComparison.Ordinal);
            after = at < 0 ? "" : rendered[(at + Said.Length)..].Trim();
        }
        catch (ChatTemplateException)
        {
            // The template takes no such conversation; the end ids of the model still hold.
            after = "";
        }

        int? named = tokenizer.SpecialTokens.EndOfTurn;
        if (after.Length == 0)
            return new TurnEnd(named, null);
        int[] ids = tokenizer.Encode(after, addSpecialTokens: false);
        return ids.Length > 0 && tokenizer.IsSpecial(ids[0]) ? new TurnEnd(ids[0], null) : new TurnEnd(named, after);
    }
}
