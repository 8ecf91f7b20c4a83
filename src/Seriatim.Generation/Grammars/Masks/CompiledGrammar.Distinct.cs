using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <content>
/// Masks of lists whose items must differ. What tokens do there is nearly always the same whatever has come: it is found by
/// tables, once, with the places in the trie from which on it could matter, and below those tokens are walked one by one.
/// </content>
internal sealed partial class CompiledGrammar
{
    /// <summary>What tokens do from a state on, by instruction, state and trie.</summary>
    private readonly Dictionary<(int Instruction, int State, int Trie), FollowingMask> _following = [];

    /// <summary>Where tokens leave a list, by what an item's state does and what follows.</summary>
    private readonly Dictionary<(TerminalMask Mask, long After), int[]> _leaving = [];

    /// <summary>The way to the last node that was walked to, so that the next one begins where they part.</summary>
    private readonly List<(byte Value, TerminalPlace Place)> _way = [];

    /// <summary>The tokens of a thread in such a list, and those that leave it.</summary>
    private void BeginDistinct(DistinctTerminal distinct, GrammarThread thread, int next, int index, TokenTrie trie)
    {
        ulong[] words = new ulong[_words.Length];
        var again = new List<int>();
        ReadOnlySpan<int> exits = [];
        DistinctItems items = thread.At.Items!;
        GrammarState after = _machine.After(next, thread.Stack);
        if (distinct.IsItem(thread.State))
        {
            TerminalMask mask = Vocabulary.MaskOf(distinct.Item, thread.State, index);
            mask.Inside.OrInto(words);
            exits = distinct.IsEnough(thread.At) ? LeavingOf(mask, after, trie) : [];
            if (distinct.MayFollow(thread.At))
            {
                AddFollowing(distinct, thread, thread.State, index, words, again);
                if (distinct.Item.Accepts[thread.State] && !items.IsRepeated)
                    AddFollowing(distinct, thread, distinct.BeginOfSeparator, index, words, again);
            }

            if (items.Match is { } match)
                AddMatching(distinct, thread.State, match, 0, trie, 0, again);
        }
        else
        {
            AddFollowing(distinct, thread, thread.State, index, words, again);
        }

        _exits.Clear();
        again.Sort();
        _way.Clear();
        int done = -1;
        int exit = 0;
        foreach (int node in again)
        {
            if (node < done)
                continue;
            for (; exit < exits.Length && exits[exit] < node; exit++)
                _exits.Add(exits[exit]);
            done = trie.EndOf(node);
            while (exit < exits.Length && exits[exit] < done)
                exit++;
            foreach (int id in trie.From(node))
                words[id >> 6] &= ~(1ul << id);
            WalkAgain(distinct, thread.At, trie, node, words);
        }

        for (; exit < exits.Length; exit++)
            _exits.Add(exits[exit]);
        for (int i = 0; i < words.Length; i++)
            _words[i] |= words[i];
        if (_exits.Count > 0)
            Cross(after, trie, CollectionsMarshal.AsSpan(_exits));
    }

    /// <summary>The places at which an item may end and tokens go on with what follows the list.</summary>
    private int[] LeavingOf(TerminalMask mask, GrammarState after, TokenTrie trie)
    {
        if (_leaving.TryGetValue((mask, after.Id), out int[]? known))
            return known;
        ByteSet first = after.First(_machine.Program);
        known = [.. mask.Exits.Where(node => trie.HasChild(node, first))];
        _leaving.Add((mask, after.Id), known);
        _size += 64 + 4 * known.Length;
        return known;
    }

    /// <summary>
    /// The tokens that end an item, or a separator, and go on with another item, if what has come does not matter; and where it
    /// may.
    /// </summary>
    private void AddFollowing(
        DistinctTerminal distinct, GrammarThread thread, int state, int index, ulong[] words, List<int> again)
    {
        TokenTrie trie = Vocabulary.Trie(index);
        if (!_following.TryGetValue((thread.Instruction, state, index), out FollowingMask? known))
        {
            var found = new Followers(distinct, trie, new ulong[words.Length], [], []);
            if (distinct.IsItem(state))
            {
                foreach (int node in Vocabulary.MaskOf(distinct.Item, state, index).Exits)
                    found.Follow(distinct.BeginOfSeparator, node);
            }
            else
            {
                found.Follow(state, 0);
            }

            known = new FollowingMask(TokenSet.Of(found.Words, Vocabulary.Size), [.. found.Ends], [.. found.Begins]);
            _following.Add((thread.Instruction, state, index), known);
            _size += known.Tokens.Size + 4 * (known.Ends.Length + known.Begins.Length);
            Vocabulary.MakeRoom(this, known.Tokens.Size);
        }

        known.Tokens.OrInto(words);
        again.AddRange(known.Ends);
        TextSet done = thread.At.Items!.Done;
        if (done.Count == 0)
            return;
        foreach (int node in known.Begins)
            AddMatching(distinct, ByteDfa.Start, done, 1, trie, node, again);
    }

    /// <summary>Where an item that begins like some that have come could be one of them, or could not differ any more.</summary>
    /// <param name="distinct">The list.</param>
    /// <param name="state">State of an item.</param>
    /// <param name="texts">How those that have come go on.</param>
    /// <param name="others">Most texts beside them that have come as well.</param>
    /// <param name="trie">The tokens.</param>
    /// <param name="node">Where the state is.</param>
    /// <param name="again">Where places are added.</param>
    private static void AddMatching(
        DistinctTerminal distinct, int state, TextSet texts, int others, TokenTrie trie, int node, List<int> again)
    {
        for (int child = node + 1; child < trie.EndOf(node); child = trie.EndOf(child))
        {
            byte value = trie.ByteOf(child);
            if (texts.Below(value) is not { } below || distinct.Item.Next(state, value) is not (>= 0 and var next))
                continue;
            if (!distinct.HasMore(next, below.Count + others) || (distinct.Item.Accepts[next] && below.Ends))
                again.Add(child);
            else
                AddMatching(distinct, next, below, others, trie, child, again);
        }
    }

    /// <summary>Walks to a node as what has come allows, and all below it.</summary>
    private void WalkAgain(DistinctTerminal distinct, TerminalPlace place, TokenTrie trie, int node, ulong[] words)
    {
        if (node != 0)
        {
            ReadOnlySpan<byte> way = Vocabulary.BytesOf(trie.From(node)[0]).Span[..trie.DepthOf(node)];
            int common = 0;
            while (common < _way.Count && common < way.Length && _way[common].Value == way[common])
                common++;
            _way.RemoveRange(common, _way.Count - common);
            if (common > 0)
                place = _way[^1].Place;
            for (int i = common; i < way.Length; i++)
            {
                place = place.IsDead ? place : distinct.Next(place, way[i]);
                _way.Add((way[i], place));
            }

            if (place.IsDead)
                return;
            Reach(distinct, place, trie, node, words, _exits);
        }

        WalkBelow(distinct, place, trie, node, words, _exits);
    }

    /// <summary>Walks all tokens below a node one by one.</summary>
    private static void WalkBelow(
        DistinctTerminal distinct, TerminalPlace place, TokenTrie trie, int node, ulong[] words, List<int> exits)
    {
        for (int child = node + 1; child < trie.EndOf(node); child = trie.EndOf(child))
        {
            TerminalPlace next = distinct.Next(place, trie.ByteOf(child));
            if (next.IsDead)
                continue;
            Reach(distinct, next, trie, child, words, exits);
            WalkBelow(distinct, next, trie, child, words, exits);
        }
    }

    private static void Reach(
        DistinctTerminal distinct, TerminalPlace place, TokenTrie trie, int node, ulong[] words, List<int> exits)
    {
        foreach (int id in trie.At(node))
            words[id >> 6] |= 1ul << id;
        if (trie.EndOf(node) > node + 1 && distinct.MayEnd(place))
            exits.Add(node);
    }

    /// <summary>What tokens do that go on with another item, whatever has come.</summary>
    /// <param name="Tokens">Those that do not end it.</param>
    /// <param name="Ends">Places at which it ends, or has one end left: there it matters what has come.</param>
    /// <param name="Begins">Places at which it begins.</param>
    private sealed record FollowingMask(TokenSet Tokens, int[] Ends, int[] Begins);

    private sealed record Followers(
        DistinctTerminal Distinct, TokenTrie Trie, ulong[] Words, List<int> Ends, List<int> Begins)
    {
        public void Follow(int state, int node)
        {
            if (!Distinct.IsItem(state) && Distinct.Separator.Accepts[state - Distinct.BeginOfSeparator])
                Begins.Add(node);
            for (int child = node + 1; child < Trie.EndOf(node); child = Trie.EndOf(child))
            {
                int next = Distinct.NextOf(state, Trie.ByteOf(child)).State;
                if (next == ByteDfa.Dead)
                    continue;
                bool isLeaf = Trie.EndOf(child) == child + 1;
                if (Distinct.IsItem(next) && (!Distinct.HasMore(next, 1) || (Distinct.Item.Accepts[next] && !isLeaf)))
                {
                    Ends.Add(child);
                    continue;
                }

                foreach (int id in Trie.At(child))
                    Words[id >> 6] |= 1ul << id;
                Follow(next, child);
            }
        }
    }
}
