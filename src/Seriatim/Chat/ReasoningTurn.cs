using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Shows what a model thought in an earlier turn to its template.</summary>
internal static class ReasoningTurn
{
    /// <summary>
    /// The turn with its reasoning in the field that the template reads, or, where it reads none and the model marks its
    /// reasoning, in the text as the model wrote it; null: the template has no place for it.
    /// </summary>
    public static ChatTurn? Show(ChatTurn turn, string thoughts, Tokenizer tokenizer, ChatTemplate? template)
    {
        var fields = new Dictionary<string, object?>(turn.Fields);
        foreach (string name in ToolSupport.ReasoningFields)
            fields.Remove(name);
        if (ToolSupport.ReasoningField(tokenizer, template) is { } field)
            fields[field] = thoughts;
        else if (AnswerFormat.Of(tokenizer, template).Reasoning is not { } marks)
            return null;
        else if (thoughts.Length > 0)
            turn = turn with { Content = $"{marks.Open}\n{thoughts}\n{marks.Close}\n\n{turn.Content}" };
        return turn with { Fields = fields };
    }
}
