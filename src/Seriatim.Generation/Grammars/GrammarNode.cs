using System.Collections.Immutable;

namespace Seriatim.Generation;

/// <summary>
/// What a text may be made of: the small language between those who read a source (JSON Schema, regular expressions, GBNF, tool
/// formats) and the automaton that walks it. Texts are bytes of UTF-8 here.
/// </summary>
internal abstract record GrammarNode
{
    /// <summary>Nothing: the empty text.</summary>
    public static GrammarNode Empty { get; } = new Literal(ReadOnlyMemory<byte>.Empty);

    /// <summary>These bytes.</summary>
    internal sealed record Literal(ReadOnlyMemory<byte> Bytes) : GrammarNode;

    /// <summary>Any text of a regular language.</summary>
    internal sealed record Regular(ByteDfa Language) : GrammarNode;

    /// <summary>
    /// A special token: the token of this text where the tokenizer has one that is special, else the bytes of the text.
    /// </summary>
    internal sealed record Special(string Text) : GrammarNode;

    /// <summary>One after another.</summary>
    internal sealed record Sequence(ImmutableArray<GrammarNode> Parts) : GrammarNode;

    /// <summary>One of these. None at all: no text.</summary>
    internal sealed record Choice(ImmutableArray<GrammarNode> Alternatives) : GrammarNode;

    /// <summary>So many times.</summary>
    /// <param name="Body">What is repeated.</param>
    /// <param name="Min">Fewest times, 0 or more.</param>
    /// <param name="Max">Most times, <paramref name="Min"/> or more; null: no limit.</param>
    internal sealed record Repeat(GrammarNode Body, int Min, int? Max) : GrammarNode;

    /// <summary>One item or more with a separator between them, no two of them the same text.</summary>
    /// <param name="Item">The items; not empty.</param>
    /// <param name="Separator">What stands between two; not empty, and told apart from items by its first byte.</param>
    /// <param name="Min">Fewest items, 1 or more; there are as many.</param>
    /// <param name="Max">Most items; null: no limit.</param>
    internal sealed record Distinct(ByteDfa Item, ByteDfa Separator, int Min, int? Max) : GrammarNode;

    /// <summary>What a rule says (<see cref="GrammarRules"/>); rules may be recursive, not left-recursive.</summary>
    /// <param name="Index">Number of the rule.</param>
    internal sealed record Rule(int Index) : GrammarNode;
}
