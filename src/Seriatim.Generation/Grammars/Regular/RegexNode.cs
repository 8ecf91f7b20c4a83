using System.Collections.Immutable;

namespace Seriatim.Generation;

/// <summary>A regular expression that was read.</summary>
internal abstract record RegexNode
{
    /// <summary>One character of a set.</summary>
    internal sealed record Character(CodePointSet Set) : RegexNode;

    /// <summary>One after another; none: the empty text.</summary>
    internal sealed record Sequence(ImmutableArray<RegexNode> Parts) : RegexNode;

    /// <summary>One of these.</summary>
    internal sealed record Choice(ImmutableArray<RegexNode> Alternatives) : RegexNode;

    /// <summary>So many times.</summary>
    internal sealed record Repeat(RegexNode Body, int Min, int? Max) : RegexNode;

    /// <summary>The begin (<c>^</c>) or the end (<c>$</c>) of the text.</summary>
    internal sealed record Anchor(bool Begin) : RegexNode;

    /// <summary>What follows must, or must not, begin so (<c>(?=...)</c>, <c>(?!...)</c>).</summary>
    /// <param name="Body">What is looked for.</param>
    /// <param name="Forbidden">It must not come.</param>
    /// <param name="Position">Where it stands in the pattern.</param>
    internal sealed record Look(RegexNode Body, bool Forbidden, int Position) : RegexNode;

    /// <summary>Whether something in it looks ahead.</summary>
    public bool Looks => this switch
    {
        Look => true,
        Sequence sequence => sequence.Parts.Any(part => part.Looks),
        Choice choice => choice.Alternatives.Any(part => part.Looks),
        Repeat repeat => repeat.Body.Looks,
        _ => false,
    };
}
