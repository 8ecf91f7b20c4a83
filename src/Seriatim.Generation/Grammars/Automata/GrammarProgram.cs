using System.Collections.Immutable;

namespace Seriatim.Generation;

/// <summary>What an instruction does.</summary>
internal enum GrammarStep
{
    /// <summary>Goes back to what lies on top of the stack.</summary>
    Return,

    /// <summary>Reads bytes as long as an automaton goes on.</summary>
    Terminal,

    /// <summary>Reads a special token.</summary>
    Special,

    /// <summary>Goes on at several places at once.</summary>
    Split,

    /// <summary>Walks a rule, and then what comes next.</summary>
    Call,

    /// <summary>Walks a body as often as is allowed, and then what comes next.</summary>
    Loop,
}

/// <summary>A step of a grammar, and what follows it.</summary>
/// <param name="Step">What it does.</param>
/// <param name="Next">The instruction after it.</param>
internal sealed record GrammarInstruction(GrammarStep Step, int Next)
{
    /// <summary>The automaton of a terminal.</summary>
    public Terminal? Terminal { get; init; }

    /// <summary>The id of a special token.</summary>
    public int Token { get; init; }

    /// <summary>Where a split goes on; the start of a loop's body; of a call, the number of the rule.</summary>
    public ImmutableArray<int> Targets { get; init; } = [];

    /// <summary>Fewest rounds of a loop.</summary>
    public int Min { get; init; }

    /// <summary>Most rounds of a loop; null: no limit.</summary>
    public int? Max { get; init; }
}

/// <summary>
/// A grammar as instructions, each of which knows what follows it: what lies on the stack are only the places to return to.
/// </summary>
internal sealed class GrammarProgram
{
    private readonly List<GrammarInstruction> _code = [new(GrammarStep.Return, 0)];
    private readonly Dictionary<int, int> _starts = [];
    private readonly GrammarSimplifier _simplifier;
    private readonly Func<ByteDfa, Terminal> _terminalOf;
    private readonly Func<string, int?> _special;
    private readonly Queue<int> _waiting = new([0]);

    private GrammarProgram(GrammarSimplifier simplifier, Func<ByteDfa, Terminal> terminalOf, Func<string, int?> special) =>
        (_simplifier, _terminalOf, _special) = (simplifier, terminalOf, special);

    /// <summary>The instruction that every rule ends with.</summary>
    public const int End = 0;

    /// <summary>Where the walk begins.</summary>
    public int Start => StartOf(0);

    public GrammarInstruction this[int index] => _code[index];

    /// <summary>Where a rule begins.</summary>
    public int StartOf(int rule) => _starts[rule];

    /// <summary>Compiles a grammar for a vocabulary.</summary>
    /// <param name="grammar">The grammar.</param>
    /// <param name="terminalOf">Gives automata their tables.</param>
    /// <param name="special">The special token of a text; null: there is none.</param>
    public static GrammarProgram Of(Grammar grammar, Func<ByteDfa, Terminal> terminalOf, Func<string, int?> special)
    {
        var simplifier = new GrammarSimplifier(grammar.Rules, grammar.Analysis, special);
        simplifier.Run();
        var program = new GrammarProgram(simplifier, terminalOf, special);
        while (program._waiting.TryDequeue(out int rule))
        {
            if (!program._starts.ContainsKey(rule))
                program._starts.Add(rule, program.Compile(simplifier.Body(rule), End));
        }

        return program;
    }

    private int Compile(GrammarNode node, int next)
    {
        switch (node)
        {
            case GrammarNode.Literal { Bytes: var bytes }:
                return bytes.IsEmpty ? next : Add(new(GrammarStep.Terminal, next)
                {
                    Terminal = _terminalOf(Terminals.OfText(bytes.Span)),
                });
            case GrammarNode.Regular { Language: var language }:
                return Add(new(GrammarStep.Terminal, next) { Terminal = _terminalOf(language) });
            case GrammarNode.Special { Text: var text }:
                return Add(new(GrammarStep.Special, next) { Token = _special(text)!.Value });
            case GrammarNode.Sequence { Parts: var parts }:
                for (int i = parts.Length - 1; i >= 0; i--)
                    next = Compile(parts[i], next);
                return next;
            case GrammarNode.Choice { Alternatives: var alternatives }:
                return Add(new(GrammarStep.Split, next)
                {
                    Targets = [.. alternatives.Select(alternative => Compile(alternative, next))],
                });
            case GrammarNode.Repeat repeat:
                return Add(new(GrammarStep.Loop, next)
                {
                    Targets = [Compile(repeat.Body, End)],
                    Min = repeat.Min,
                    Max = repeat.Max,
                });
            case GrammarNode.Rule { Index: var index }:
                _waiting.Enqueue(index);
                return Add(new(GrammarStep.Call, next) { Targets = [index] });
            default:
                throw new NotSupportedException($"No instruction for {node.GetType().Name}.");
        }
    }

    private int Add(GrammarInstruction instruction)
    {
        _code.Add(instruction);
        return _code.Count - 1;
    }
}
