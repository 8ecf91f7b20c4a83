namespace Seriatim.Generation.Tests;

/// <summary>
/// What a unit of the prefix cache holds is what its page says, whatever sequences did: a shadow of every unit's content is kept
/// beside the pools, through chunks, borders, drafts, trees, forks, failures and evictions.
/// </summary>
public sealed class CacheContentTests
{
    private const int PageSize = 4;
    private const CommitPoints EveryBorder = CommitPoints.EveryRow | CommitPoints.PageBorders;

    [Theory]
    [InlineData(Remembers.Pages)]
    [InlineData(Remembers.States)]
    [InlineData(Remembers.Both)]
    public void EveryUnitHoldsWhatItsPageSays(Remembers kinds)
    {
        using var model = new FakeModel(remembers: kinds);
        for (int seed = 0; seed < 150; seed++)
        {
            using MemoryPools pools = model.NewMemoryPools(PageSize, 40, 6 + seed % 14, KeyValueType.F32);
            var world = new World(pools, new Random(seed));
            for (int step = 0; step < 120; step++)
            {
                world.Step();
                world.Check($"{kinds}, seed {seed}, step {step}");
            }

            world.End();
        }
    }

    private sealed class World(MemoryPools pools, Random random)
    {
        private readonly PrefixCache _cache = new(pools);
        private readonly List<Sequence> _sequences = [];
        private readonly Dictionary<(int Kind, int Unit), ulong> _content = [];
        private int _number;

        public void Step()
        {
            Sequence? sequence = _sequences.Count == 0 ? null : _sequences[random.Next(_sequences.Count)];
            switch (random.Next(9))
            {
                case 0 or 1 when _sequences.Count < 5:
                    Begin();
                    break;
                case 2 when sequence is not null && _sequences.Count < 6:
                    var fork = new Sequence(sequence.Id with { Index = ++_number }, [.. sequence.Tokens], sequence.PromptLength);
                    fork.ForkMemory(sequence);
                    _sequences.Add(fork);
                    break;
                case 3 when sequence is not null:
                    sequence.Release();
                    _sequences.Remove(sequence);
                    break;
                case 4:
                    MemoryUnits units = default;
                    for (int kind = 0; kind < pools.Count; kind++)
                        units[kind] = random.Next(pools[kind].Units / 2);
                    _cache.EnsureFree(units);
                    break;
                case 5 when sequence is not null:
                    Draft(sequence);
                    break;
                default:
                    if (sequence is not null)
                        Grow(sequence);
                    break;
            }
        }

        public void Check(string what)
        {
            foreach (Sequence sequence in _sequences)
                CheckSequence(sequence, what);
            PrefixNode[] nodes = [.. _cache.Nodes];
            Assert.Equal(nodes.Length, _cache.Count);
            foreach (PrefixNode node in nodes)
            {
                ulong expected = HashOf(Chain(node));
                for (int kind = 0; kind < pools.Count; kind++)
                {
                    int unit = node.Units[kind];
                    if (unit >= 0)
                    {
                        Assert.True(_content[(kind, unit)] == expected,
                            $"{what}: kind {kind}, unit {unit} of a page is another's");
                    }
                    Assert.Equal(node.IdleBehind[kind], nodes.Count(behind => behind.Parent == node
                        && behind.Units[kind] >= 0 && pools[kind].References(behind.Units[kind]) == 1));
                }

                Assert.False(node.IsRemoved || node.Parent is { IsRemoved: true }
                    || (node.IsEmpty && node.FirstBehind is null), what);
            }

            for (int kind = 0; kind < pools.Count; kind++)
            {
                int[] held = [.. nodes.Select(node => node.Units[kind]).Where(unit => unit >= 0)];
                Assert.Equal(held.Distinct().Count(), held.Length);
                Assert.Equal(held.Order(), Enumerable.Range(0, pools[kind].Units).Where(unit => _cache.Holds(kind, unit)));
                Assert.Equal(held.Count(unit => pools[kind].References(unit) == 1), pools[kind].Idle);
            }
        }

        public void End()
        {
            foreach (Sequence sequence in _sequences)
                sequence.Release();
            _cache.Clear();
            Assert.Equal(0, _cache.Count);
            for (int kind = 0; kind < pools.Count; kind++)
                Assert.Equal((pools[kind].Units, 0), (pools[kind].Free, pools[kind].Idle));
        }

        private void Begin()
        {
            int length = random.Next(1, 30);
            int[] tokens = [.. Enumerable.Range(0, length).Select(_ => random.Next(8) == 0 ? 1 : 0)];
            PrefixNode? node = _cache.Match(SequenceTerms.None, tokens, out int matched);
            var sequence = new Sequence(new SequenceId(++_number, 0), [.. tokens], length);
            sequence.Attach(node is null ? pools.NewMemory() : _cache.Share(node, matched));
            sequence.Prefix = new PrefixPosition(node, matched, false);
            _sequences.Add(sequence);
            while (sequence.Pending > 0 && Grow(sequence))
            {
            }
        }

        private bool Grow(Sequence sequence)
        {
            int rows = sequence.Pending > 0 ? random.Next(1, sequence.Pending + 1) : 1;
            CommitPoints points = random.Next(4) switch
            {
                0 => CommitPoints.End,
                1 => CommitPoints.LastBorder,
                _ => CommitPoints.PageBorders,
            };
            if (!Prepare(sequence, rows, points))
                return false;
            while (sequence.Pending < rows)
                sequence.Tokens.Add(random.Next(2));
            Wrote(sequence, [.. sequence.Tokens.Skip(sequence.Length).Take(rows)], null);
            if (random.Next(12) == 0)
            {
                sequence.Memory!.Commit(0); // the pass failed
                return false;
            }

            if (random.Next(5) > 0)
                _cache.Publish(sequence, SequenceTerms.None, sequence.Length + rows);
            sequence.Memory!.Commit(rows);
            sequence.Memory.EndSharing();
            return true;
        }

        /// <summary>A row and drafts after it, as a chain or a tree, of which a path is accepted.</summary>
        private void Draft(Sequence sequence)
        {
            if (sequence.Pending > 1)
                return;
            int rows = 1 + random.Next(1, 9);
            if (!Prepare(sequence, rows, EveryBorder))
                return;
            if (sequence.Pending == 0)
                sequence.Tokens.Add(random.Next(2));
            int[] tokens = [sequence.Tokens[^1], .. Enumerable.Range(1, rows - 1).Select(_ => random.Next(2))];
            bool chain = random.Next(2) == 0;
            int[] parents = [.. Enumerable.Range(0, rows).Select(row => row == 0 ? -1 : chain ? row - 1 : random.Next(row))];
            Wrote(sequence, tokens, parents);
            var path = new List<int>();
            for (int row = random.Next(rows); row >= 0; row = parents[row])
                path.Insert(0, row);
            sequence.Tokens.AddRange(path.Skip(1).Select(row => tokens[row]));
            int before = sequence.Length;
            if (chain)
                sequence.Memory!.Commit(path.Count);
            else
                sequence.Memory!.CommitPath([.. path]);
            WrotePages(sequence, before, sequence.Tokens.Count);
            if (random.Next(5) > 0)
                _cache.Publish(sequence, SequenceTerms.None, sequence.Length);
            sequence.Memory.EndSharing();
        }

        private bool Prepare(Sequence sequence, int rows, CommitPoints points)
        {
            var step = new MemoryStep(rows, 0, points);
            MemoryUnits units = default;
            for (int kind = 0; kind < pools.Count; kind++)
                units[kind] = sequence.Memory!.Stores[kind].Need(sequence.Length, step);
            _cache.EnsureFree(units);
            try
            {
                sequence.Memory!.Prepare(step);
                return true;
            }
            catch (OutOfPagesException)
            {
                return false;
            }
        }

        /// <summary>The forward pass: each kept state, and the pages of a chain.</summary>
        private void Wrote(Sequence sequence, int[] tokens, int[]? parents)
        {
            int[] past = [.. sequence.Tokens.Take(sequence.Length)];
            for (int kind = 0; kind < pools.Count; kind++)
            {
                if (sequence.Memory!.Stores[kind] is not StateMemory states)
                    continue;
                if (states.Source >= 0)
                    Assert.Equal(HashOf(past), _content[(kind, states.Source)]);
                foreach (Tensors.KeptState kept in states.Kept)
                {
                    var own = new List<int>();
                    for (int row = kept.Row; row >= 0; row = parents is null ? row - 1 : parents[row])
                        own.Insert(0, tokens[row]);
                    _content[(kind, kept.Slot)] = HashOf([.. past, .. own]);
                }
            }

            if (parents is null)
                WrotePages(sequence, past.Length, past.Length + tokens.Length);
        }

        private void WrotePages(Sequence sequence, int first, int end)
        {
            for (int kind = 0; kind < pools.Count; kind++)
            {
                if (sequence.Memory!.Stores[kind] is not PagedMemory pages)
                    continue;
                for (int block = first / PageSize; block * PageSize < end; block++)
                    _content[(kind, pages.Pages[block])] =
                        HashOf([.. sequence.Tokens.Take(Math.Min((block + 1) * PageSize, end))]);
            }
        }

        private void CheckSequence(Sequence sequence, string what)
        {
            int[] past = [.. sequence.Tokens.Take(sequence.Length)];
            for (int kind = 0; kind < pools.Count; kind++)
            {
                if (sequence.Memory!.Stores[kind] is StateMemory states)
                {
                    Assert.True((states.Source < 0) == (past.Length == 0), what);
                    if (states.Source >= 0)
                        Assert.True(_content[(kind, states.Source)] == HashOf(past), $"{what}: a sequence has another's state");
                }
                else
                {
                    IReadOnlyList<int> pages = ((PagedMemory)sequence.Memory.Stores[kind]).Pages;
                    for (int block = 0; (block + 1) * PageSize <= past.Length; block++)
                    {
                        Assert.True(_content[(kind, pages[block])] == HashOf(past[..((block + 1) * PageSize)]),
                            $"{what}: page {block}");
                    }
                }
            }
        }

        private static int[] Chain(PrefixNode node)
        {
            var tokens = new List<int>();
            for (PrefixNode? at = node; at is not null; at = at.Parent)
                tokens.InsertRange(0, at.Tokens);
            return [.. tokens];
        }

        private static ulong HashOf(ReadOnlySpan<int> tokens)
        {
            ulong hash = 0xCBF29CE484222325;
            foreach (int token in tokens)
                hash = (hash ^ (uint)(token + 1)) * 0x100000001B3 + 7;
            return hash;
        }
    }
}
