namespace Seriatim.Generation;

/// <content>Walks through rounds of a small automaton.</content>
internal sealed partial class TokenTrie
{
    /// <summary>
    /// Walks down from the root through any number of rounds: tells the tokens, with the rounds that they begin, and the nodes at
    /// which a round is done and tokens go on, with the rounds that are done.
    /// </summary>
    /// <param name="body">One round.</param>
    /// <param name="state">Its state at the root.</param>
    /// <param name="tokens">Where tokens are added.</param>
    /// <param name="exits">Where nodes are added.</param>
    public void Measure(TableTerminal body, int state, List<(int Token, int Rounds)> tokens, List<(int Node, int Rounds)> exits)
    {
        var visit = new Measured(this, tokens, exits);
        Walk(body, state, 0, int.MaxValue, ref visit);
    }

    /// <summary>Walks down from a node as so many rounds allow: marks tokens and tells nodes as walks of tables do.</summary>
    public void Walk(CountedTerminal terminal, int state, int node, ulong[] words, List<int> exits)
    {
        (int rounds, int at) = terminal.Split(state);
        (int least, int most) = terminal.LeftOf(rounds);
        var visit = new Marked(this, words, exits, least);
        Walk(terminal.Body, at, node, most, ref visit);
    }

    private void Walk<TVisit>(TableTerminal body, int state, int node, int most, ref TVisit visit)
        where TVisit : struct, IVisit
    {
        ReadOnlySpan<bool> accepts = body.Accepts;
        ReadOnlySpan<byte> classOf = body.ClassOf, bytes = _byte;
        ReadOnlySpan<int> nextOf = body.Table, ends = _end, depths = _depth;
        int classes = body.Language.Classes;
        int deepest = Deepest - _depth[node] + 1;
        Span<int> states = deepest <= 512 ? stackalloc int[deepest] : new int[deepest];
        Span<int> rounds = deepest <= 512 ? stackalloc int[deepest] : new int[deepest];
        (states[0], rounds[0]) = (state, 0);
        int top = _depth[node];
        int end = _end[node];
        for (int at = node + 1; at < end;)
        {
            int depth = depths[at] - top;
            int done = rounds[depth - 1];
            int next = done == most ? ByteDfa.Dead : nextOf[states[depth - 1] * classes + classOf[bytes[at]]];
            if (next == ByteDfa.Dead)
            {
                at = ends[at];
                continue;
            }

            bool isDone = accepts[next];
            done += isDone ? 1 : 0;
            visit.Reach(at, done, isDone, ends[at] > at + 1);
            (states[depth], rounds[depth]) = (isDone ? ByteDfa.Start : next, done);
            at++;
        }
    }

    /// <summary>What is done with the nodes that a walk reaches.</summary>
    private interface IVisit
    {
        /// <param name="node">The node.</param>
        /// <param name="done">Rounds that are done.</param>
        /// <param name="isDone">Whether one is done right here.</param>
        /// <param name="goesOn">Whether tokens go on.</param>
        void Reach(int node, int done, bool isDone, bool goesOn);
    }

    private readonly struct Measured(TokenTrie trie, List<(int Token, int Rounds)> tokens, List<(int Node, int Rounds)> exits)
        : IVisit
    {
        public void Reach(int node, int done, bool isDone, bool goesOn)
        {
            foreach (int id in trie.At(node))
                tokens.Add((id, isDone ? done : done + 1));
            if (isDone && goesOn)
                exits.Add((node, done));
        }
    }

    private readonly struct Marked(TokenTrie trie, ulong[] words, List<int> exits, int least) : IVisit
    {
        public void Reach(int node, int done, bool isDone, bool goesOn)
        {
            foreach (int id in trie.At(node))
                words[id >> 6] |= 1ul << id;
            if (isDone && goesOn && done >= least)
                exits.Add(node);
        }
    }
}
