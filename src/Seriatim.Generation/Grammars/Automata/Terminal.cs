namespace Seriatim.Generation;

/// <summary>An automaton over bytes with what was found out about it for a vocabulary.</summary>
internal sealed class Terminal
{
    private readonly bool[] _goesOn;
    private readonly byte[] _classOf = new byte[256];
    private readonly int[] _next;
    private readonly bool[] _accepts;
    private TerminalMask?[] _masks;
    private (int Characters, PlainEnd End)[]? _plain;

    public Terminal(ByteDfa language)
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
    public ReadOnlySpan<int> Next => _next;

    /// <summary>
    /// How many plain characters may come in a state, whichever they are, before the terminal breaks off or may end; and what the
    /// next one does.
    /// </summary>
    public (int Characters, PlainEnd End) Plain(int state) => (_plain ??= PlainReach.Of(Language))[state];

    /// <summary>What was found for a state and a trie; null: it was not asked for.</summary>
    public TerminalMask? this[int state, int trie]
    {
        get => Volatile.Read(ref _masks[state * GrammarVocabulary.Tries + trie]);
        set => Volatile.Write(ref _masks[state * GrammarVocabulary.Tries + trie], value);
    }

    /// <summary>Forgets what was found.</summary>
    public void Forget() => _masks = new TerminalMask?[Language.States * GrammarVocabulary.Tries];

    /// <summary>The bytes that may come in a state.</summary>
    public ByteSet First(int state) => Terminals.First(Language, state);
}
