using System.Text;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>Short names for what grammars of calls are made of.</summary>
internal static class Nodes
{
    /// <summary>A text.</summary>
    public static GrammarNode Text(string text) => new GrammarNode.Literal(Encoding.UTF8.GetBytes(text));

    /// <summary>A mark: a special token where the tokenizer has one, else text.</summary>
    public static GrammarNode Mark(string text) => new GrammarNode.Special(text);

    /// <summary>One after another.</summary>
    public static GrammarNode All(params IEnumerable<GrammarNode> parts) => new GrammarNode.Sequence([.. parts]);

    /// <summary>One of these.</summary>
    public static GrammarNode One(params IEnumerable<GrammarNode> parts) => new GrammarNode.Choice([.. parts]);

    /// <summary>Perhaps.</summary>
    public static GrammarNode Maybe(GrammarNode part) => One(part, GrammarNode.Empty);

    /// <summary>Any number of times.</summary>
    public static GrammarNode Many(GrammarNode part) => new GrammarNode.Repeat(part, 0, null);

    /// <summary>Any text in which some marks do not stand.</summary>
    public static GrammarNode Without(params IReadOnlyList<string> marks) => new GrammarNode.Regular(Language.Complement(
        Language.Concat(Language.Any, Language.Texts(marks), Language.Any)));
}
