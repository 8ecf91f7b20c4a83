namespace Seriatim.Generation;

/// <summary>An automaton with what was found out about it for a vocabulary.</summary>
internal sealed class TableTerminal : Terminal
{
    /// <summary>From so many dear masks on, it is looked which states are alike.</summary>
    private const int DearMasks = 4;

    private readonly bool[] _goesOn;
    private readonly byte[] _classOf = new byte[256];
    private readonly int[] _next;
    private readonly bool[] _accepts;
    private TerminalMask?[] _masks;
    private RoundsMask?[]? _rounds;
    private (int Characters, PlainEnd End)[]? _plain;
    private NearMasks? _near;
    private int _dear;

    public TableTerminal(ByteDfa language)
    {
        Language = language;
        _masks = new TerminalMask?[language.States * GrammarVocabulary.Tries];
        _goesOn = new bool[language.States];
        (_next, _accepts) = (new int[language.States * language.Classes], new bool[language.States]);
        for (int value = 0; value < 256; value++)
            _classOf[value] = (byte)language.ClassOf((byte)value);
        for (int state = 0; state < language.States; state++)
        {
            (_goesOn[state], _accepts[state]) = (Terminals.GoesOn(language, state), language.Accepts(state));
            for (int one = 0; one < language.Classes; one++)
                _next[state * language.Classes + one] = language.NextOfClass(state, one);
        }
    }

    public ByteDfa Language { get; }

    /// <summary>Bytes that it takes, without its masks: its tables and those of the automaton.</summary>
    public long Size => 1024 + (long)Language.States * (8L * Language.Classes + 8 * GrammarVocabulary.Tries + 16);

    /// <summary>Whether a byte can follow, by state.</summary>
    public ReadOnlySpan<bool> GoesOn => _goesOn;

    /// <summary>Whether the terminal may end, by state.</summary>
    public ReadOnlySpan<bool> Accepts => _accepts;

    /// <summary>The class of each byte.</summary>
    public ReadOnlySpan<byte> ClassOf => _classOf;

    /// <summary>The next state by state and class, as the automaton has it: for walks over many tokens.</summary>
    public ReadOnlySpan<int> Table => _next;

    /// <summary>What was found for a state and a trie; null: it was not asked for.</summary>
    public TerminalMask? this[int state, int trie]
    {
        get => Volatile.Read(ref _masks[state * GrammarVocabulary.Tries + trie]);
        set => Volatile.Write(ref _masks[state * GrammarVocabulary.Tries + trie], value);
    }

    public override TerminalPlace Next(TerminalPlace place, byte value) => new(Next(place.State, value));

    public override bool MayGoOn(TerminalPlace place) => _goesOn[place.State];

    public override bool MayEnd(TerminalPlace place) => _accepts[place.State];

    public override ByteSet First(TerminalPlace place) => Terminals.First(Language, place.State);

    /// <summary>The state after a byte, or <see cref="ByteDfa.Dead"/>.</summary>
    public int Next(int state, byte value) => _next[state * Language.Classes + _classOf[value]];

    /// <summary>
    /// How many plain characters may come in a state, whichever they are, before the terminal breaks off or may end; and what the
    /// next one does.
    /// </summary>
    public (int Characters, PlainEnd End) Plain(int state) => (_plain ??= PlainReach.Of(Language))[state];

    /// <summary>What was found for a state of one of many rounds and a trie; null: it was not asked for.</summary>
    public RoundsMask? RoundsOf(int state, int trie) =>
        Volatile.Read(ref _rounds) is { } rounds ? Volatile.Read(ref rounds[state * GrammarVocabulary.Tries + trie]) : null;

    /// <summary>Keeps what was found for a state of one of many rounds and a trie.</summary>
    public void Keep(int state, int trie, RoundsMask mask)
    {
        RoundsMask?[] rounds = Volatile.Read(ref _rounds) ?? new RoundsMask?[_masks.Length];
        Volatile.Write(ref rounds[state * GrammarVocabulary.Tries + trie], mask);
        Volatile.Write(ref _rounds, rounds);
    }

    /// <summary>
    /// What short tokens do, by states that are alike to them; null: it is not worth it, as few masks of the terminal were dear.
    /// </summary>
    public NearMasks? Near => Volatile.Read(ref _dear) < DearMasks ? null
        : Volatile.Read(ref _near) ?? Interlocked.CompareExchange(ref _near, new NearMasks(this), null) ?? _near;

    /// <summary>Notes that a mask was dear.</summary>
    public void CountDear() => Interlocked.Increment(ref _dear);

    /// <summary>Forgets what was found.</summary>
    public void Forget()
    {
        Volatile.Write(ref _near, null);
        _masks = new TerminalMask?[_masks.Length];
        Volatile.Write(ref _rounds, null);
    }
}
