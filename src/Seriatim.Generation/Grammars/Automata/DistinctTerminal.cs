namespace Seriatim.Generation;

/// <summary>
/// One item or more of a regular language, no two of them the same text. The items that have come are no state of an automaton,
/// but part of the place (<see cref="DistinctItems"/>), so there are as many places as texts, and each is made when a walk gets
/// there. An item that begins like some that have come goes on only as long as it can still differ: what is left of the language
/// there must be more than they are (<see cref="TextCounts"/>). So no place is a dead end.
/// </summary>
internal sealed class DistinctTerminal : Terminal
{
    private readonly long[] _counts;

    /// <param name="item">An item. Where one may end, none goes on with what a separator begins with.</param>
    /// <param name="separator">What stands between two; where it may end, it does not go on like an item.</param>
    /// <param name="min">Fewest items, 1 or more; the language has as many texts.</param>
    /// <param name="max">Most items; null: no limit.</param>
    public DistinctTerminal(TableTerminal item, TableTerminal separator, int min, int? max)
    {
        (Item, Separator, Min, Max) = (item, separator, min, max);
        _counts = TextCounts.Of(item.Language);
    }

    /// <summary>An item.</summary>
    public TableTerminal Item { get; }

    /// <summary>What stands between two.</summary>
    public TableTerminal Separator { get; }

    /// <summary>Fewest items.</summary>
    public int Min { get; }

    /// <summary>Most items; null: no limit.</summary>
    public int? Max { get; }

    /// <summary>The state at which a separator begins.</summary>
    public int BeginOfSeparator => Item.Language.States;

    public override TerminalPlace Start => new(ByteDfa.Start, DistinctItems.None);

    /// <summary>Whether it is told apart where an item ends and where the next one begins.</summary>
    public static bool CanSeparate(ByteDfa item, ByteDfa separator)
    {
        if (item.Accepts(ByteDfa.Start) || separator.Accepts(ByteDfa.Start))
            return false;
        ByteSet begins = Terminals.First(separator, ByteDfa.Start), again = Terminals.First(item, ByteDfa.Start);
        return !Enumerable.Range(0, item.States).Any(
                state => item.Accepts(state) && Terminals.First(item, state).Overlaps(begins))
            && !Enumerable.Range(0, separator.States).Any(
                state => separator.Accepts(state) && Terminals.First(separator, state).Overlaps(again));
    }

    /// <summary>Whether a state is one of an item, and not of a separator.</summary>
    public bool IsItem(int state) => state < BeginOfSeparator;

    /// <summary>Whether there are more texts from a state of an item on than so many.</summary>
    public bool HasMore(int state, long count) => _counts[state] > count;

    /// <summary>
    /// The state after a byte, whatever has come: of an item that ends there, none; and whether an item begins with the byte.
    /// </summary>
    public (int State, bool Begins) NextOf(int state, byte value)
    {
        if (IsItem(state))
            return (Item.Next(state, value), false);
        int at = state - BeginOfSeparator;
        int next = Separator.Next(at, value);
        return next != ByteDfa.Dead ? (next + BeginOfSeparator, false)
            : Separator.Accepts[at] ? (Item.Next(ByteDfa.Start, value), true) : (ByteDfa.Dead, false);
    }

    /// <summary>Whether the item at a place may end, and another may come after it.</summary>
    public bool MayFollow(TerminalPlace place)
    {
        int count = place.Items!.Done.Count + 1;
        return !(count >= Max) && _counts[ByteDfa.Start] > count;
    }

    /// <summary>Whether there may be no more items than with the one at a place.</summary>
    public bool IsEnough(TerminalPlace place) => place.Items!.Done.Count + 1 >= Min;

    public override TerminalPlace Next(TerminalPlace place, byte value)
    {
        DistinctItems items = place.Items!;
        (int next, bool begins) = NextOf(place.State, value);
        if (next == ByteDfa.Dead)
        {
            if (!IsItem(place.State) || !EndsHere(place) || !MayFollow(place))
                return TerminalPlace.Dead;
            int at = Separator.Next(ByteDfa.Start, value);
            return at == ByteDfa.Dead ? TerminalPlace.Dead : new TerminalPlace(at + BeginOfSeparator, items.Finished());
        }

        if (!IsItem(next))
            return place with { State = next };
        return _counts[next] > (items.Matching(value, begins)?.Count ?? 0)
            ? new TerminalPlace(next, items.With(value, begins)) : TerminalPlace.Dead;
    }

    public override bool MayGoOn(TerminalPlace place) => !IsItem(place.State)
        || (place.Items!.Match is null && Item.GoesOn[place.State]) || First(place).Count > 0;

    public override bool MayEnd(TerminalPlace place) => IsItem(place.State) && EndsHere(place) && IsEnough(place);

    public override ByteSet First(TerminalPlace place)
    {
        ByteSet first = default;
        for (int value = 0; value < 256; value++)
        {
            if (MayCome(place, (byte)value))
                first.Add((byte)value);
        }

        return first;
    }

    private bool MayCome(TerminalPlace place, byte value)
    {
        (int next, bool begins) = NextOf(place.State, value);
        if (next == ByteDfa.Dead)
        {
            return IsItem(place.State) && EndsHere(place) && MayFollow(place)
                && Separator.Next(ByteDfa.Start, value) != ByteDfa.Dead;
        }

        return !IsItem(next) || _counts[next] > (place.Items!.Matching(value, begins)?.Count ?? 0);
    }

    private bool EndsHere(TerminalPlace place) => Item.Accepts[place.State] && !place.Items!.IsRepeated;
}
