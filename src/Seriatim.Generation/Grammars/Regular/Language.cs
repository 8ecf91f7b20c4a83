namespace Seriatim.Generation;

/// <summary>
/// Regular languages of UTF-8 texts, and what can be done with them. Each result is the smallest automaton; what would need more
/// than <see cref="Nfa.MaxDfaStates"/> states is a <see cref="LanguageTooLargeException"/>.
/// </summary>
internal static class Language
{
    /// <summary>No text.</summary>
    public static ByteDfa None { get; } = Of(nfa => nfa.Alternatives([]));

    /// <summary>The empty text alone.</summary>
    public static ByteDfa Empty { get; } = Of(nfa => nfa.Empty());

    /// <summary>Every text of valid UTF-8.</summary>
    public static ByteDfa Any { get; } = Of(nfa => nfa.Repeat(() => nfa.Character(CodePointSet.All), 0, null));

    /// <summary>The language of an automaton's part.</summary>
    public static ByteDfa Of(Func<Nfa, Nfa.Fragment> make)
    {
        var nfa = new Nfa();
        return Determinizer.Run(nfa, make(nfa));
    }

    /// <summary>One text.</summary>
    public static ByteDfa Text(string text) => TextTrie.Of([text]);

    /// <summary>Some texts.</summary>
    public static ByteDfa Texts(IEnumerable<string> texts) => TextTrie.Of(texts);

    /// <summary>So many characters of a set.</summary>
    public static ByteDfa Characters(CodePointSet set, int min = 1, int? max = 1) =>
        Of(nfa => nfa.Repeat(() => nfa.Character(set), min, max));

    /// <summary>A text of one after a text of the other.</summary>
    public static ByteDfa Concat(params IReadOnlyList<ByteDfa> parts) =>
        Of(nfa => parts.Aggregate(nfa.Empty(), (whole, part) => nfa.Concat(whole, nfa.Language(part))));

    /// <summary>So many texts, one after another.</summary>
    public static ByteDfa Repeat(ByteDfa body, int min, int? max) => Of(nfa => nfa.Repeat(() => nfa.Language(body), min, max));

    /// <summary>What is in one of them.</summary>
    public static ByteDfa Union(params IReadOnlyList<ByteDfa> parts) => parts switch
    {
        [] => None,
        [var one] => one,
        [var one, var other] => Product(one, other, static (a, b) => a || b),
        _ => Of(nfa => nfa.Alternatives([.. parts.Select(nfa.Language)])),
    };

    /// <summary>What is in both.</summary>
    public static ByteDfa Intersect(ByteDfa one, ByteDfa other) => ReferenceEquals(one, Any) ? other
        : ReferenceEquals(other, Any) || ReferenceEquals(one, other) ? one : Product(one, other, static (a, b) => a && b);

    /// <summary>What is in the first and not in the second.</summary>
    public static ByteDfa Except(ByteDfa one, ByteDfa other) => Product(one, other, static (a, b) => a && !b);

    /// <summary>Every text of valid UTF-8 that is not in it.</summary>
    public static ByteDfa Complement(ByteDfa language) => Except(Any, language);

    /// <summary>What may follow a text so that both together are in the language.</summary>
    public static ByteDfa After(ByteDfa language, ReadOnlySpan<byte> text)
    {
        int state = ByteDfa.Start;
        foreach (byte value in text)
        {
            if (state != ByteDfa.Dead)
                state = language.Next(state, value);
        }
        if (state == ByteDfa.Dead)
            return None;
        return Explore<int>(state, (at, value) => language.Next(at, value) is >= 0 and var next ? next : null, language.Accepts,
            ByteClasses.Of(language));
    }

    /// <summary>Whether a text belongs to it.</summary>
    public static bool Contains(ByteDfa language, ReadOnlySpan<byte> text)
    {
        int state = ByteDfa.Start;
        foreach (byte value in text)
        {
            state = language.Next(state, value);
            if (state == ByteDfa.Dead)
                return false;
        }
        return language.Accepts(state);
    }

    /// <summary>Whether every text of the first is in the second.</summary>
    public static bool IsWithin(ByteDfa one, ByteDfa other) => Except(one, other).IsEmpty;

    /// <summary>Whether both have the same texts: the smallest automata are then the same.</summary>
    public static bool AreEqual(ByteDfa one, ByteDfa other)
    {
        if (ReferenceEquals(one, other))
            return true;
        if (one.States != other.States || one.Classes != other.Classes)
            return false;
        for (int state = 0; state < one.States; state++)
        {
            if (one.Accepts(state) != other.Accepts(state))
                return false;
            for (int value = 0; value < 256; value++)
            {
                if (one.Next(state, (byte)value) != other.Next(state, (byte)value))
                    return false;
            }
        }
        return true;
    }

    /// <summary>The shortest text of a language, the first by bytes of them; null: it has none.</summary>
    public static byte[]? Shortest(ByteDfa language)
    {
        var cameFrom = new Dictionary<int, (int State, byte Value)> { [ByteDfa.Start] = (-1, 0) };
        var open = new Queue<int>([ByteDfa.Start]);
        while (open.TryDequeue(out int state))
        {
            if (language.Accepts(state))
            {
                var bytes = new List<byte>();
                for (; cameFrom[state].State >= 0; state = cameFrom[state].State)
                    bytes.Add(cameFrom[state].Value);
                bytes.Reverse();
                return [.. bytes];
            }
            for (int value = 0; value < 256; value++)
            {
                int next = language.Next(state, (byte)value);
                if (next != ByteDfa.Dead && cameFrom.TryAdd(next, (state, (byte)value)))
                    open.Enqueue(next);
            }
        }
        return null;
    }

    /// <summary>The automaton of a step function over some classes of bytes; no state is none.</summary>
    public static ByteDfa Explore<TState>(TState start, Func<TState, byte, TState?> step, Func<TState, bool> accepts,
        ByteClasses classes)
        where TState : struct
    {
        var numbers = new Dictionary<TState, int> { [start] = 0 };
        var states = new List<TState> { start };
        var next = new List<int>();
        for (int i = 0; i < states.Count; i++)
        {
            LanguageWork.Take(classes.Representatives.Length);
            foreach (int value in classes.Representatives)
            {
                if (step(states[i], (byte)value) is not { } target)
                {
                    next.Add(ByteDfa.Dead);
                    continue;
                }
                if (!numbers.TryGetValue(target, out int number))
                {
                    number = states.Count;
                    if (number >= 4 * Nfa.MaxDfaStates)
                        throw new LanguageTooLargeException(Nfa.MaxDfaStates);
                    numbers.Add(target, number);
                    states.Add(target);
                }
                next.Add(number);
            }
        }
        return Minimizer.Run(classes.ClassOf, classes.Representatives.Length, [.. next], [.. states.Select(accepts)]);
    }

    private static ByteDfa Product(ByteDfa one, ByteDfa other, Func<bool, bool, bool> accepts) =>
        Explore<(int One, int Other)>((ByteDfa.Start, ByteDfa.Start),
            (at, value) =>
            {
                int a = at.One == ByteDfa.Dead ? ByteDfa.Dead : one.Next(at.One, value);
                int b = at.Other == ByteDfa.Dead ? ByteDfa.Dead : other.Next(at.Other, value);
                bool dead = (a == ByteDfa.Dead && b == ByteDfa.Dead)
                    || (a == ByteDfa.Dead && !accepts(false, true)) || (b == ByteDfa.Dead && !accepts(true, false));
                return dead ? null : (a, b);
            },
            at => accepts(at.One != ByteDfa.Dead && one.Accepts(at.One), at.Other != ByteDfa.Dead && other.Accepts(at.Other)),
            ByteClasses.Common(one, other));
}
