using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// Makes the grammars of answers known, so that saved requests that have one can be read: <see cref="Grammar.From"/> runs it when
/// it meets a kind that it does not know, which may be before anything else of this library was used.
/// </summary>
internal static class AnswerKinds
{
    static AnswerKinds()
    {
        Grammar.AddKind(ToolGrammar.Kind, ToolGrammar.From);
        Grammar.AddKind(ContentGrammar.Kind, ContentGrammar.From);
    }
}
