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
    public Terminal? Terminal { get => field ??= Later?.Invoke(); init; }

    /// <summary>
    /// Makes the automaton of a piece of a long text when a walk gets there, as most never do; null: it is there.
    /// </summary>
    public Func<TableTerminal>? Later { get; init; }

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
    private readonly Func<ByteDfa, TableTerminal> _terminalOf;
    private readonly Func<string, int?> _special;
    private readonly Queue<int> _waiting = new([0]);
    private GrammarOrder? _order;

    private GrammarProgram(GrammarSimplifier simplifier, Func<ByteDfa, TableTerminal> terminalOf, Func<string, int?> special) =>
        (_simplifier, _terminalOf, _special) = (simplifier, terminalOf, special);

    /// <summary>
    /// Longest fixed text of one automaton: its table grows with the square of the text, up to 256 different bytes.
    /// </summary>
    private const int LongestText = 256;

    /// <summary>The instruction that every rule ends with.</summary>
    public const int End = 0;

    /// <summary>Where the walk begins.</summary>
    public int Start => StartOf(0);

    public GrammarInstruction this[int index] => _code[index];

    /// <summary>Where a rule begins.</summary>
    public int StartOf(int rule) => _starts[rule];

    /// <summary>Number of instructions.</summary>
    public int Length => _code.Count;

    /// <summary>Whether an instruction reads a byte or a special token, and nothing else can come of it.</summary>
    public bool OnlyReads(int index) => _order!.OnlyReads(index);

    /// <summary>Whether what an instruction reads, calls or repeats can be empty; of a loop, its body.</summary>
    public bool CanBeEmpty(int index) => _order!.CanBeEmpty(index);

    /// <summary>Whether nothing need be read from a place on to the end of its rule.</summary>
    public bool CanReturn(int index, int rounds) => _order!.CanReturn(index, rounds);

    /// <summary>
    /// Places with a smaller number are visited before: no place leads to one that comes earlier, unless by a byte.
    /// </summary>
    public long OrderOf(int index, int rounds) => _order!.Of(index, rounds);

    /// <summary>Compiles a grammar for a vocabulary.</summary>
    /// <param name="grammar">The grammar.</param>
    /// <param name="terminalOf">Gives automata their tables.</param>
    /// <param name="special">The special token of a text; null: there is none.</param>
    public static GrammarProgram Of(Grammar grammar, Func<ByteDfa, TableTerminal> terminalOf, Func<string, int?> special)
    {
        var simplifier = new GrammarSimplifier(grammar.Rules, grammar.Analysis, special);
        simplifier.Run();
        var program = new GrammarProgram(simplifier, terminalOf, special);
        while (program._waiting.TryDequeue(out int rule))
        {
            if (!program._starts.ContainsKey(rule))
                program._starts.Add(rule, program.Compile(simplifier.Body(rule), End));
        }

        program._order = new GrammarOrder(program);
        return program;
    }

    /// <summary>A fixed text; a long one in pieces, of which those are made that are walked.</summary>
    private int Compile(ReadOnlyMemory<byte> text, int next)
    {
        if (text.Length <= LongestText)
        {
            return text.IsEmpty ? next : Add(new(GrammarStep.Terminal, next)
            {
                Terminal = _terminalOf(Terminals.OfText(text.Span)),
            });
        }

        for (int end = text.Length; end > 0;)
        {
            int start = (end - 1) / LongestText * LongestText;
            ReadOnlyMemory<byte> piece = text[start..end];
            next = Add(new(GrammarStep.Terminal, next) { Later = () => _terminalOf(Terminals.OfText(piece.Span)) });
            end = start;
        }

        return next;
    }

    private int Compile(GrammarNode node, int next)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (node)
        {
            case GrammarNode.Literal { Bytes: var bytes }:
                return Compile(bytes, next);
            case GrammarNode.Regular { Language: var language }:
                return Add(new(GrammarStep.Terminal, next) { Terminal = _terminalOf(language) });
            case GrammarNode.Distinct distinct:
                return Add(new(GrammarStep.Terminal, next)
                {
                    Terminal = new DistinctTerminal(
                        _terminalOf(distinct.Item), _terminalOf(distinct.Separator), distinct.Min, distinct.Max),
                });
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
            case GrammarNode.Repeat { Body: GrammarNode.Regular { Language: var round } } repeat
                when CountedTerminal.CanCount(round, repeat.Min, repeat.Max):
                return Add(new(GrammarStep.Terminal, next)
                {
                    Terminal = CountedTerminal.Of(_terminalOf(round), repeat.Min, repeat.Max),
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
