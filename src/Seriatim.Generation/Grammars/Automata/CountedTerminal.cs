namespace Seriatim.Generation;

/// <summary>
/// So many rounds of a small automaton none of whose texts begins another: a string of limited length. A state is the number of
/// rounds that are done, and the state within the one that is begun, so that it needs no table for each number: what tokens do is
/// found once for the body, with the rounds that they take, whatever the limits are (<see cref="RoundsMask"/>).
/// </summary>
internal sealed class CountedTerminal : Terminal
{
    private readonly int _states;

    private CountedTerminal(TableTerminal body, int min, int? max) =>
        (Body, _states, Min, Max) = (body, body.Language.States, min, max);

    /// <summary>One round.</summary>
    public TableTerminal Body { get; }

    /// <summary>Fewest rounds.</summary>
    public int Min { get; }

    /// <summary>Most rounds; null: no limit.</summary>
    public int? Max { get; }

    /// <summary>
    /// Whether rounds can be counted so: each text is a number of rounds in one way alone, and the numbers fit in a state.
    /// </summary>
    public static bool CanCount(ByteDfa body, int min, int? max)
    {
        if (body.Accepts(ByteDfa.Start) || max == 0 || ((max ?? min) + 1L) * body.States > int.MaxValue)
            return false;
        for (int state = 0; state < body.States; state++)
        {
            if (body.Accepts(state) && Terminals.GoesOn(body, state))
                return false;
        }

        return true;
    }

    /// <summary>Rounds of a body.</summary>
    public static CountedTerminal Of(TableTerminal body, int min, int? max) => new(body, min, max);

    /// <summary>The rounds that are done, and the state within the next one.</summary>
    public (int Rounds, int State) Split(int state) => (state / _states, state % _states);

    /// <summary>The state of rounds that are done and one within the next.</summary>
    public int StateOf(int rounds, int state) => rounds * _states + state;

    /// <summary>Fewest rounds that must come before it may end, that which is begun among them; and most.</summary>
    public (int Least, int Most) LeftOf(int rounds) =>
        (Math.Max(0, Min - rounds), Max is { } max ? max - rounds : int.MaxValue);

    public override TerminalPlace Next(TerminalPlace place, byte value)
    {
        (int rounds, int at) = Split(place.State);
        if (rounds == Max)
            return TerminalPlace.Dead;
        int next = Body.Next(at, value);
        if (next == ByteDfa.Dead)
            return TerminalPlace.Dead;
        return new TerminalPlace(!Body.Accepts[next] ? StateOf(rounds, next)
            : StateOf(Max is null ? Math.Min(rounds + 1, Min) : rounds + 1, ByteDfa.Start));
    }

    public override bool MayGoOn(TerminalPlace place) => Split(place.State).Rounds != Max;

    public override bool MayEnd(TerminalPlace place) =>
        Split(place.State) is (var rounds, ByteDfa.Start) && rounds >= Min;

    public override ByteSet First(TerminalPlace place) => Split(place.State) is (var rounds, var at) && rounds != Max
        ? Terminals.First(Body.Language, at) : default;
}
