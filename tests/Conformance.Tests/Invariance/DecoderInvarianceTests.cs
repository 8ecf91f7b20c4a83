namespace Seriatim.Conformance.Tests;

/// <summary>
/// The value of a row depends on its sequence alone, bit for bit: not on the batch, the chunks, the pages, forks, marks, trees.
/// The yardstick is the whole sequence at once, without a memory, as training sees it; for a model whose rows change with what
/// follows it is the sequence up to each row.
/// </summary>
public sealed class DecoderInvarianceTests
{
    private const int Length = 75;
    private static readonly int[] Text = TinyModels.Tokens(1, Length);

    /// <summary>A pass for each row takes its time; many tests want the same.</summary>
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<(string, IOps, string), float[][]> UpToEach = [];

    /// <summary>Models, some of them with other terms of the sequence: a window and sinks, other rotary positions.</summary>
    private static readonly IEnumerable<string> Names = [.. TinyModels.Names, .. TinyTerms.Names];

    public static IEnumerable<object[]> Models =>
        from name in Names
        from ops in (string[])["reference", "cpu-512", "late"]
        where !TinyFamilies.IsBrief(name) || ops == "cpu-512"
        select new object[] { name, ops };

    public static IEnumerable<object[]> Pages =>
        from name in Names
        from page in (int[])[4, 16, 64]
        where !TinyFamilies.IsBrief(name) || page == 4
        select new object[] { name, "cpu-512", page };

    public static IEnumerable<object[]> Brief => TinyFamilies.Names.Where(TinyFamilies.IsBrief).Select(name => new object[] { name });

    /// <summary>The ways in which families without parts of their own are not tested each time.</summary>
    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Brief))]
    public void FamiliesInTheOtherWays(string name)
    {
        foreach (string ops in (string[])["reference", "late"])
        {
            AloneEqualsInAnyBatch(name, ops);
            PackedTrainingBatchEqualsAlone(name, ops);
            ThreadsAndLanesDoNotMatter(name, ops);
        }

        foreach (int page in (int[])[16, 64])
        {
            ChunksStepsAndPagesDoNotMatter(name, "cpu-512", page);
            ForksGoTheirOwnWay(name, "cpu-512", page);
            RestoringAMarkForgetsWhatCameAfter(name, "cpu-512", page);
            ATreeEqualsItsPaths(name, "cpu-512", page);
            ADraftOfWhichAPartIsRejectedLeavesNoTrace(name, "cpu-512", page);
            ASharedPrefixEqualsOneOfItsOwn(name, "cpu-512", page);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void AloneEqualsInAnyBatch(string name, string opsName)
    {
        (Model model, IOps ops) = Open(name, opsName);
        using (model)
        {
            float[][] expected = Expected(name, model, ops);
            for (int seed = 0; seed < 3; seed++)
            {
                var random = new Random(seed);
                using var session = new Session(model, ops, 16, TinyTerms.Of(name, Length));
                using Session other = session.Sibling();
                int first = random.Next(1, 40);
                List<float[]> made = [.. session.Feed(Text[..first])];
                other.Feed(TinyModels.Tokens(seed + 50, random.Next(1, 30)));
                while (made.Count < Length)
                {
                    int next = Math.Min(Length, made.Count + random.Next(1, 20));
                    made.AddRange(FeedInBatch(session, other, Text[made.Count..next], random));
                }

                Bits.Equal(expected, [.. made], $"{name}, seed {seed}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void PackedTrainingBatchEqualsAlone(string name, string opsName)
    {
        (Model model, IOps ops) = Open(name, opsName);
        using (model)
        {
            float[][] expected = Whole(name, model, ops);
            int[] other = TinyModels.Tokens(5, 33);
            using Tensor? encoded = model.Spec.Encoder is null ? null : Sources.Encode(model, ops);
            EncoderRows? rows = encoded is null ? null : new EncoderRows(0, encoded.Rows);
            RaggedBatch batch = new RaggedBatchBuilder()
                .Add(other, outputs: Outputs.All, encoder: rows)
                .Add(Text, terms: TinyTerms.Of(name, Length), outputs: Outputs.All, encoder: rows)
                .Add(other[..7], outputs: Outputs.All, encoder: rows)
                .Build();
            using Tensor hidden = model.Forward(ops, batch, encoded);
            using Tensor logits = model.Project(ops, hidden, Enumerable.Range(other.Length, Length).ToArray());
            Bits.Equal(expected, Session.Rows(logits), name);
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void ChunksStepsAndPagesDoNotMatter(string name, string opsName, int pageSize)
    {
        (Model model, IOps ops) = Open(name, opsName);
        using (model)
        {
            float[][] expected = Expected(name, model, ops);
            for (int seed = 0; seed < 3; seed++)
            {
                // Seed 0: one piece; seed 1: one row a step; seed 2: random chunks.
                var random = new Random(seed);
                using var session = new Session(model, ops, pageSize, TinyTerms.Of(name, Length));
                List<float[]> made = [];
                while (made.Count < Length)
                {
                    int rows = seed == 0 ? Length : seed == 1 ? 1 : random.Next(1, 24);
                    made.AddRange(session.Feed(Text[made.Count..Math.Min(Length, made.Count + rows)]));
                }

                Bits.Equal(expected, [.. made], $"{name}, pages of {pageSize}, seed {seed}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void ForksGoTheirOwnWay(string name, string opsName, int pageSize)
    {
        (Model model, IOps ops) = Open(name, opsName);
        using (model)
        {
            float[][] expected = Expected(name, model, ops);
            int[] otherEnd = [.. Text[..30], .. TinyModels.Tokens(6, Length - 30)];
            float[][] expectedOther = Expected(name, model, ops, otherEnd);
            using var parent = new Session(model, ops, pageSize, TinyTerms.Of(name, Length));
            parent.Feed(Text[..30]);
            using Session child = parent.Fork();
            using Session grandChild = child.Fork();
            float[][] childPart = child.Feed(otherEnd[30..50]);
            Bits.Equal(expected[30..60], parent.Feed(Text[30..60]), $"{name}, parent");
            Bits.Equal(expectedOther[30..50], childPart, $"{name}, child");
            Bits.Equal(expected[30..], grandChild.Feed(Text[30..]), $"{name}, grandchild");
            Bits.Equal(expectedOther[50..], child.Feed(otherEnd[50..]), $"{name}, child's end");
            Bits.Equal(expected[60..], parent.Feed(Text[60..]), $"{name}, parent's end");
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void RestoringAMarkForgetsWhatCameAfter(string name, string opsName, int pageSize)
    {
        (Model model, IOps ops) = Open(name, opsName);
        using (model)
        {
            float[][] expected = Expected(name, model, ops);
            using var session = new Session(model, ops, pageSize, TinyTerms.Of(name, Length));
            session.Feed(Text[..29]);
            using MemoryMark mark = session.Memory.Mark();
            for (int seed = 0; seed < 2; seed++)
            {
                session.Feed(TinyModels.Tokens(seed + 20, 11 + 8 * seed));
                session.Memory.Restore(mark);
                Assert.Equal(29, session.Memory.Length);
            }

            Bits.Equal(expected[29..], session.Feed(Text[29..]), name);
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void ATreeEqualsItsPaths(string name, string opsName, int pageSize)
    {
        (Model model, IOps ops) = Open(name, opsName);
        using (model)
        {
            float[][] expected = Expected(name, model, ops);
            using var session = new Session(model, ops, pageSize, TinyTerms.Of(name, Length));
            session.Feed(Text[..27]);

            // Rows 1, 2, 4, 7 are the text; the others branch off at every depth.
            int[] tokens = [5, Text[27], Text[28], 9, Text[29], 11, 3, Text[30], 8];
            int[] parents = [-1, -1, 1, 1, 2, 0, 4, 4, 7];
            int[] path = [1, 2, 4, 7];
            float[][] tree = session.FeedTree(tokens, parents, path);
            Bits.Equal(expected[27..31], [.. path.Select(row => tree[row])], $"{name}, path");
            int[] branch = [.. Text[..29], 9];
            branch[28] = Text[28];
            int[] sibling = [.. Text[..28], 9];
            Bits.Equal(Expected(name, model, ops, sibling)[28], tree[3], $"{name}, sibling");
            Bits.Equal(expected[31..], session.Feed(Text[31..]), $"{name}, after the tree");
        }
    }

    /// <summary>Speculation: a chain is verified, a part of it accepted, the rest never happened.</summary>
    [Theory]
    [MemberData(nameof(Pages))]
    public void ADraftOfWhichAPartIsRejectedLeavesNoTrace(string name, string opsName, int pageSize)
    {
        (Model model, IOps ops) = Open(name, opsName);
        using (model)
        {
            float[][] expected = Expected(name, model, ops);
            using var session = new Session(model, ops, pageSize, TinyTerms.Of(name, Length));
            session.Feed(Text[..20]);
            var random = new Random(3);
            for (int at = 20; at < 60;)
            {
                int right = random.Next(6);
                int[] draft = [.. Text[at..(at + right)], .. TinyModels.Tokens(at, random.Next(1, 5))];
                float[][] rows = session.FeedDraft(draft, right);
                Bits.Equal(expected[at..(at + right)], rows[..right], $"{name}, draft at {at}");
                at += right;
            }

            int length = session.Memory.Length;
            Bits.Equal(expected[length..], session.Feed(Text[length..]), $"{name}, after the drafts");
        }
    }

    /// <summary>A prefix cache: what others left at the end of a page is gone on from, while they go on, too.</summary>
    [Theory]
    [MemberData(nameof(Pages))]
    public void ASharedPrefixEqualsOneOfItsOwn(string name, string opsName, int pageSize)
    {
        (Model model, IOps ops) = Open(name, opsName);
        using (model)
        {
            if (model.Spec.Encoder is not null || model.LimitsOf(TinyTerms.Of(name, Length)).Reach is not null)
                return; // an encoder's output belongs to its request; pages out of sight are given back
            float[][] expected = Expected(name, model, ops);
            using var session = new Session(model, ops, pageSize, TinyTerms.Of(name, Length));
            int blocks = 66 / pageSize;
            foreach (int last in (int[])[blocks, Math.Max(1, blocks / 2)])
            {
                session.Memory.Dispose();
                session.Feed(Text[..3]);
                int[][] units = session.FeedAndShare(Text[3..70], last);
                using Session other = session.Shared(units);
                Bits.Equal(expected[(last * pageSize)..], other.Feed(Text[(last * pageSize)..]),
                    $"{name}, {last} pages of {pageSize}");
                Bits.Equal(expected[70..], session.Feed(Text[70..]), $"{name}, who shared them");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void ThreadsAndLanesDoNotMatter(string name, string opsName)
    {
        // The yardstick of the fast ops; the reference ops only have to agree with themselves, which the other tests show.
        (Model model, IOps ops) = Open(name, opsName);
        using (model)
        {
            float[][] expected = Expected(name, model, ops);
            string[] others = opsName switch
            {
                "reference" => ["reference"],
                "late" => ["late", "cpu-512"],
                _ => ["cpu-512-1", "cpu-256", "cpu-128"],
            };
            foreach (string other in others)
            {
                (Model same, IOps otherOps) = Open(name, other);
                using (same)
                    Bits.Equal(expected, Expected(name, same, otherOps), $"{name}, {other}");
            }
        }
    }

    private static (Model Model, IOps Ops) Open(string name, string opsName) =>
        (TinyModels.Make(name.Split(", ")[0], device: OpsUnderTest.DeviceOf(opsName)), OpsUnderTest.Get(opsName));

    /// <summary>
    /// What a sequence with a memory gives: rows of the whole text, or, if what comes later can change them, the last row of each
    /// text that ends there.
    /// </summary>
    private static float[][] Expected(string name, Model model, IOps ops, int[]? text = null)
    {
        text ??= Text;
        return model.Spec.Last.ReadsAgain
            ? UpToEach.GetOrAdd((name, ops, string.Join(' ', text)), _ =>
                [.. Enumerable.Range(1, text.Length).Select(end => Whole(name, model, ops, text[..end])[^1])])
            : Whole(name, model, ops, text);
    }

    /// <summary>Logits of every row of a text, alone, at once and without a memory.</summary>
    private static float[][] Whole(string name, Model model, IOps ops, int[]? text = null)
    {
        using Tensor? encoded = model.Spec.Encoder is null ? null : Sources.Encode(model, ops);
        RaggedBatch batch = new RaggedBatchBuilder().Add(text ?? Text, terms: TinyTerms.Of(name, Length), outputs: Outputs.All,
            encoder: encoded is null ? null : new EncoderRows(0, encoded.Rows)).Build();
        using Tensor hidden = model.Forward(ops, batch, encoded);
        using Tensor logits = model.Project(ops, hidden);
        return Session.Rows(logits);
    }

    /// <summary>One step of a sequence among others, some with and one without a memory, in random order.</summary>
    private static float[][] FeedInBatch(Session session, Session other, int[] tokens, Random random)
    {
        var builder = new RaggedBatchBuilder();
        using Session fork = other.Fork();
        int before = random.Next(3);
        if (before > 0)
            other.AddTo(builder, TinyModels.Tokens(random.Next(), 1));
        if (before > 1)
            fork.AddTo(builder, TinyModels.Tokens(random.Next(), random.Next(1, 9)));
        int first = builder.Rows;
        session.AddTo(builder, tokens);
        if (before < 2)
            fork.AddTo(builder, TinyModels.Tokens(random.Next(), random.Next(1, 5)));
        RaggedBatch batch = builder.Build();
        float[][] logits = session.Logits(batch);
        batch.Commit();
        return logits[first..(first + tokens.Length)];
    }
}
