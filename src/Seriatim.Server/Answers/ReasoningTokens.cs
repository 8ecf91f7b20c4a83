using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>
/// Counts the tokens that an answer was thought in, with the marks around them: token by token and by the tokens alone, so that a
/// whole answer and a stream of it tell the same.
/// </summary>
internal static class ReasoningTokens
{
    /// <summary>How many of a choice's tokens were thought.</summary>
    /// <param name="choice">The answer.</param>
    /// <param name="request">Its request.</param>
    /// <param name="reader">Reads it, from its beginning.</param>
    public static int Of(GenerationChoice choice, GenerationRequest request, IAnswerReader reader)
    {
        if (request.Tokenizer is not { } tokenizer)
            return 0;
        TokenDecoder decoder = tokenizer.CreateDecoder();
        var parts = new List<AnswerPart>();
        int count = 0;
        foreach (int id in choice.TokenIds)
        {
            bool before = reader.IsThinking;
            parts.Clear();
            if (request.ShownIds.Contains(id))
            {
                // A mark ends what bytes before it may still wait for.
                reader.Push(decoder.Flush() + tokenizer.PieceOf(id), parts);
                decoder = tokenizer.CreateDecoder();
            }
            else
            {
                reader.Push(decoder.Append(id), parts);
            }

            if (before || reader.IsThinking)
                count++;
        }

        return count;
    }
}
