namespace Seriatim.Generation;

/// <content>How many plain characters may come.</content>
internal sealed partial class CompiledGrammar
{
    /// <summary>Most states that are looked at to find how many plain characters may come.</summary>
    private const int MostPlain = 256;

    private int _plainStates;

    /// <summary>
    /// How many plain characters, whichever they are, may come, as far as that is of interest: a terminal goes on so long, or is
    /// ended by all of them at the same place, and what follows goes on (blocks of counted repeats). And whether none may come
    /// after them, whichever it is.
    /// </summary>
    private (int Characters, bool Exact) PlainOf(GrammarState state, int enough)
    {
        (int most, bool exact) = (0, true);
        foreach (GrammarThread thread in state.Threads)
        {
            GrammarInstruction instruction = _machine.Program[thread.Instruction];
            if (instruction.Terminal is not { } terminal)
                continue;
            (int characters, PlainEnd end) = terminal switch
            {
                TableTerminal table => table.Plain(thread.State),
                CountedTerminal counted => PlainOf(counted, thread, instruction.Next),
                DistinctTerminal distinct => PlainOf(distinct, thread.At),
                _ => (0, PlainEnd.Mixed),
            };
            if (characters < enough && end is PlainEnd.Ends or PlainEnd.Closes && ++_plainStates <= MostPlain)
            {
                (int after, bool isExact) = PlainOf(_machine.After(instruction.Next, thread.Stack), enough - characters - 1);
                (characters, exact) = (characters + 1 + after, exact && isExact && end == PlainEnd.Closes);
            }
            else
            {
                exact &= end == PlainEnd.Dies;
            }

            if (characters >= enough)
                return (enough, false);
            most = Math.Max(most, characters);
        }

        return (most, exact);
    }

    /// <summary>As many as an item has that is like none that has come: what follows it is looked at one by one.</summary>
    private static (int Characters, PlainEnd End) PlainOf(DistinctTerminal distinct, TerminalPlace place)
    {
        if (!distinct.IsItem(place.State) || place.Items!.Match is not null)
            return (0, PlainEnd.Mixed);
        (int characters, PlainEnd end) = distinct.Item.Plain(place.State);
        return (characters, end == PlainEnd.Dies ? end : PlainEnd.Mixed);
    }

    /// <summary>
    /// As many as rounds may come, if each character is one; and none after them, if what follows begins with none.
    /// </summary>
    private (int Characters, PlainEnd End) PlainOf(CountedTerminal counted, GrammarThread thread, int next)
    {
        (int rounds, int at) = counted.Split(thread.State);
        if (at != ByteDfa.Start || counted.Body.Plain(at) is not (0, PlainEnd.Closes))
            return counted.Body.Plain(at) is (0, PlainEnd.Dies) dies ? dies : (0, PlainEnd.Mixed);
        bool none = !_machine.After(next, thread.Stack).First(_machine.Program).Overlaps(PlainReach.First);
        return (counted.LeftOf(rounds).Most, none ? PlainEnd.Dies : PlainEnd.Mixed);
    }
}
