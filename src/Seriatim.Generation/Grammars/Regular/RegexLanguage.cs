using System.Collections.Immutable;

namespace Seriatim.Generation;

/// <summary>
/// The language of a regular expression: of the texts that it matches as a whole, or of those that contain a match. Looking ahead
/// is what the rest of the text must, or must not, be: a language too, so it works wherever the rest is known, outside loops.
/// </summary>
internal static class RegexLanguage
{
    /// <summary>Texts that the whole pattern matches.</summary>
    /// <exception cref="GrammarException">The pattern cannot be read, is not regular, or too large.</exception>
    public static ByteDfa Full(string pattern) => Make(pattern, CharacterClasses.AsciiSpace, search: false);

    /// <summary>Texts that contain a match, as <c>pattern</c> of JSON Schema wants it.</summary>
    /// <exception cref="GrammarException">The pattern cannot be read, is not regular, or too large.</exception>
    public static ByteDfa Search(string pattern) => Make(pattern, CharacterClasses.EcmaSpace, search: true);

    /// <summary>The language of a pattern.</summary>
    public static ByteDfa Make(string pattern, CodePointSet space, bool search)
    {
        RegexNode node = RegexParser.Parse(pattern, space);
        try
        {
            if (node.Looks)
                return WithLooks(pattern, node, search);
            return Language.Of(nfa =>
            {
                Nfa.Fragment body = Build(nfa, node);
                return search ? nfa.Concat(Anything(nfa), nfa.Concat(body, Anything(nfa))) : body;
            });
        }
        catch (LanguageTooLargeException e)
        {
            throw new GrammarException("Regular expression", "", $"it needs more than {e.Limit} states; repeat less: {pattern}");
        }
        catch (CannotExpressException e)
        {
            throw new GrammarException("Regular expression", "", $"{e.Message}; look ahead and repeat less: {pattern}");
        }
    }

    private static Nfa.Fragment Anything(Nfa nfa) => nfa.Repeat(() => nfa.Character(CodePointSet.All), 0, null);

    private static Nfa.Fragment Build(Nfa nfa, RegexNode node) => node switch
    {
        RegexNode.Character character => nfa.Character(character.Set),
        RegexNode.Sequence sequence => sequence.Parts.Aggregate(nfa.Empty(),
            (whole, part) => nfa.Concat(whole, Build(nfa, part))),
        RegexNode.Choice choice => nfa.Alternatives([.. choice.Alternatives.Select(part => Build(nfa, part))]),
        RegexNode.Repeat repeat => nfa.Repeat(() => Build(nfa, repeat.Body), repeat.Min, repeat.Max),
        RegexNode.Anchor anchor => nfa.Anchor(anchor.Begin ? Nfa.EdgeKind.AtBegin : Nfa.EdgeKind.AtEnd),
        _ => throw new InvalidOperationException($"{node.GetType().Name} is not built so."),
    };

    private static ByteDfa WithLooks(string pattern, RegexNode node, bool search)
    {
        ByteDfa rest = search ? Language.Any : Language.Empty;
        ByteDfa atBegin = Before(pattern, node, rest, atBegin: true);
        if (!search)
            return atBegin;
        return Language.Union(atBegin, Language.Concat(Language.Any, Before(pattern, node, rest, atBegin: false)));
    }

    /// <summary>What the text from here on is, if <paramref name="rest"/> is what comes after the node.</summary>
    private static ByteDfa Before(string pattern, RegexNode node, ByteDfa rest, bool atBegin)
    {
        switch (node)
        {
            case RegexNode.Sequence sequence:
                ImmutableArray<RegexNode> parts = sequence.Parts;
                int nothing = parts.TakeWhile(IsEmpty).Count();
                if (atBegin && parts.Skip(nothing).TakeWhile(CanBeEmpty).Count() is > 0 and var some
                    && parts.Skip(nothing + 1).Take(some).Any(HasBegin))
                {
                    throw new GrammarException("Regular expression", "", "^ behind something that can be empty or not, in a "
                        + $"pattern that looks ahead, is not supported: {pattern}");
                }

                for (int i = parts.Length - 1; i >= 0; i--)
                    rest = Before(pattern, parts[i], rest, atBegin && i <= nothing);
                return rest;
            case RegexNode.Choice choice:
                return Language.Union([.. choice.Alternatives.Select(part => Before(pattern, part, rest, atBegin))]);
            case RegexNode.Look look:
                ByteDfa wanted = Before(pattern, look.Body, Language.Any, atBegin);
                return look.Forbidden ? Language.Except(rest, wanted) : Language.Intersect(rest, wanted);
            case RegexNode.Anchor anchor when anchor.Begin:
                return atBegin ? rest : Language.None;
            case RegexNode.Anchor:
                return Language.Intersect(rest, Language.Empty);
            case RegexNode.Repeat { Min: 0, Max: 1 } option:
                return Language.Union(Before(pattern, option.Body, rest, atBegin), rest);
            case { Looks: true }:
                throw new GrammarException("Regular expression", "",
                    $"looking ahead inside a repetition is not supported: {pattern}");
            default:
                // An anchor in here would need to know where it stands: ends of the part are then not ends of the text.
                if (HasAnchor(node))
                    throw new GrammarException("Regular expression", "",
                        $"^ or $ inside a repetition, in a pattern that looks ahead, is not supported: {pattern}");
                return Language.Of(nfa => nfa.Concat(Build(nfa, node), nfa.Language(rest)));
        }
    }

    private static bool HasBegin(RegexNode node) => node switch
    {
        RegexNode.Anchor anchor => anchor.Begin,
        RegexNode.Look look => HasBegin(look.Body),
        RegexNode.Sequence sequence => sequence.Parts.Any(HasBegin),
        RegexNode.Choice choice => choice.Alternatives.Any(HasBegin),
        RegexNode.Repeat repeat => HasBegin(repeat.Body),
        _ => false,
    };

    /// <summary>Whether nothing is read, in any case.</summary>
    private static bool IsEmpty(RegexNode node) => node switch
    {
        RegexNode.Character => false,
        RegexNode.Sequence sequence => sequence.Parts.All(IsEmpty),
        RegexNode.Choice choice => choice.Alternatives.All(IsEmpty),
        RegexNode.Repeat repeat => repeat.Max == 0 || IsEmpty(repeat.Body),
        _ => true,
    };

    /// <summary>Whether nothing need be read.</summary>
    private static bool CanBeEmpty(RegexNode node) => node switch
    {
        RegexNode.Character => false,
        RegexNode.Sequence sequence => sequence.Parts.All(CanBeEmpty),
        RegexNode.Choice choice => choice.Alternatives.Any(CanBeEmpty),
        RegexNode.Repeat repeat => repeat.Min == 0 || CanBeEmpty(repeat.Body),
        _ => true,
    };

    private static bool HasAnchor(RegexNode node) => node switch
    {
        RegexNode.Anchor => true,
        RegexNode.Sequence sequence => sequence.Parts.Any(HasAnchor),
        RegexNode.Choice choice => choice.Alternatives.Any(HasAnchor),
        RegexNode.Repeat repeat => HasAnchor(repeat.Body),
        _ => false,
    };
}
