namespace Seriatim.Tensors.Tests;

/// <summary>Attention in all its masks, biases, shapes and ways to be cut.</summary>
public static class AttentionCases
{
    public static IEnumerable<OpCase> All()
    {
        (string Name, AttentionSpec Spec, (int Queries, int Keys, Visibility Visibility)[] Segments)[] plain =
        [
            ("causal 3 x 8", Spec(3, 3, 8), [Self(5), Self(1), Self(19)]),
            ("causal, grouped, 6/2 x 12", Spec(6, 2, 12), [Self(20), Self(3)]),
            ("causal, one key head, 5/1 x 16", Spec(5, 1, 16), [Self(70)]),
            ("causal 2 x 64, long", Spec(2, 2, 64), [Self(150)]),
            ("causal 2 x 40", Spec(2, 2, 40), [Self(67), Self(2)]),
            ("causal 12/1 x 20", Spec(12, 1, 20), [Self(9)]),
            ("full 2 x 16", Spec(2, 2, 16), [Self(33, Visibility.Full), Self(4, Visibility.Full)]),
            ("cross 4/2 x 8", Spec(4, 2, 8), [(7, 21, Visibility.Full), (1, 3, Visibility.Full), (30, 80, Visibility.Full)]),
            ("window 5", Spec(2, 2, 8) with { Window = 5 }, [Self(90), Self(3)]),
            ("window 20 and 3 sinks", Spec(4, 2, 8) with { Window = 20, Sinks = 3 }, [Self(140), Self(2)]),
            ("window 70, full", Spec(2, 2, 8) with { Window = 9 }, [Self(80, Visibility.Full)]),
            ("chunks of 7 and one before", Spec(4, 2, 8) with { Chunk = 7, ChunksBefore = 1 }, [Self(100), Self(3), Self(15)]),
            ("chunks of 70 alone", Spec(2, 2, 8) with { Chunk = 70 }, [Self(150)]),
            ("chunks of 9, full", Spec(2, 2, 8) with { Chunk = 9, ChunksBefore = 2 },
                [Self(80, Visibility.Full), Self(4, Visibility.Full)]),
            ("soft cap", Spec(2, 2, 16) with { SoftCap = 1.5f }, [Self(40)]),
            ("dropout, grouped, 4/2 x 12", Spec(4, 2, 12) with { Dropout = new DropoutMask(0.3f, 7) },
                [Self(90), Self(1), Self(5)]),
            ("dropout, cross 2 x 16", Spec(2, 2, 16) with { Dropout = new DropoutMask(0.5f, 8) },
                [(7, 21, Visibility.Full), (30, 80, Visibility.Full)]),
            ("alibi", Spec(4, 4, 8) with { Bias = new AttentionBias.Alibi([0.5f, 0.25f, 0.125f, 0.0625f]) }, [Self(75), Self(4)]),
            ("alibi, full", Spec(2, 2, 8) with { Bias = new AttentionBias.Alibi([0.5f, 0.0625f]) },
                [Self(75, Visibility.Full), Self(4, Visibility.Full)]),
        ];
        foreach ((string name, AttentionSpec spec, (int, int, Visibility)[] segments) in plain)
            yield return Case($"attention {name}", spec, segments);
        yield return new OpCase("attention whose values are its keys, 5/1 x 28", (c, ops) => ops.Attention(c.Inputs[0], c.Inputs[1],
            c.Inputs[1], Rows([Self(70), Self(3)]), 0, Spec(5, 1, 28) with { SharesValues = true }))
        { Tolerance = 1e-5f }.Input(73, 5 * 28).Input(73, 28);
        foreach (OpCase c in Additives())
            yield return c;
        foreach (OpCase c in SinkLogits())
            yield return c;
        foreach (bool bidirectional in new[] { true, false })
        {
            OpCase c = null!;
            AttentionBias.Relative bias = null!;
            c = Case($"attention relative, bidirectional {bidirectional}", Spec(4, 2, 8) with { Scale = 1 },
                [Self(50, bidirectional ? Visibility.Full : Visibility.Causal),
                    Self(3, bidirectional ? Visibility.Full : Visibility.Causal)],
                spec => spec with { Bias = bias });
            bias = new AttentionBias.Relative(c.Parameter(16, 4), bidirectional, 20);
            yield return c;
        }
    }

    /// <summary>Scores that are no products; keys of an encoder as a rule.</summary>
    private static IEnumerable<OpCase> Additives()
    {
        (string Name, int Heads, int D, DropoutMask Dropout, (int, int, Visibility)[] Segments)[] cases =
        [
            ("cross 1 x 24", 1, 24, default, [(7, 21, Visibility.Full), (1, 3, Visibility.Full), (30, 80, Visibility.Full)]),
            ("cross 3 x 7", 3, 7, default, [(2, 17, Visibility.Full), (9, 1, Visibility.Full)]),
            ("causal 2 x 40", 2, 40, default, [Self(67), Self(2)]),
            ("dropout, cross 2 x 16", 2, 16, new DropoutMask(0.4f, 9), [(7, 21, Visibility.Full), (5, 70, Visibility.Full)]),
        ];
        foreach ((string name, int heads, int d, DropoutMask dropout, (int, int, Visibility)[] segments) in cases)
        {
            Parameter additive = null!;
            OpCase c = Case($"attention additive, {name}", Spec(heads, heads, d) with { Scale = 1, Dropout = dropout }, segments,
                spec => spec with { Additive = additive });
            additive = c.Parameter(1, heads * d);
            yield return c;
        }
    }

    /// <summary>A logit of each head that every row sees and that has no value.</summary>
    private static IEnumerable<OpCase> SinkLogits()
    {
        (string Name, AttentionSpec Spec, (int, int, Visibility)[] Segments)[] cases =
        [
            ("causal 4/2 x 12", Spec(4, 2, 12), [Self(90), Self(1), Self(5)]),
            ("window 5", Spec(6, 2, 16) with { Window = 5 }, [Self(70), Self(3)]),
            ("dropout, full 2 x 40", Spec(2, 2, 40) with { Dropout = new DropoutMask(0.3f, 11) }, [Self(30, Visibility.Full)]),
            ("cross 3 x 8", Spec(3, 1, 8), [(7, 21, Visibility.Full), (30, 80, Visibility.Full)]),
        ];
        foreach ((string name, AttentionSpec spec, (int, int, Visibility)[] segments) in cases)
        {
            Parameter sinks = null!;
            OpCase c = Case($"attention with sink logits, {name}", spec, segments, own => own with { SinkLogits = sinks });
            sinks = c.Parameter(1, spec.Heads, spread: 2);
            yield return c;
        }
    }

    public static AttentionRows Rows((int Queries, int Keys, Visibility Visibility)[] segments)
    {
        var list = new List<AttentionSegment>();
        int query = 0;
        int key = 0;
        foreach ((int queries, int keys, Visibility visibility) in segments)
        {
            list.Add(new AttentionSegment(query, queries, key, keys, 0, null, visibility));
            query += queries;
            key += keys;
        }

        return new AttentionRows(list, null);
    }

    public static AttentionSpec Spec(int heads, int keyHeads, int d) => new(heads, keyHeads, d, 1 / MathF.Sqrt(d));

    private static (int, int, Visibility) Self(int rows, Visibility visibility = Visibility.Causal) => (rows, rows, visibility);

    private static OpCase Case(
        string name, AttentionSpec spec, (int Queries, int Keys, Visibility Visibility)[] segments,
        Func<AttentionSpec, AttentionSpec>? complete = null)
    {
        int queries = segments.Sum(s => s.Queries);
        int keys = segments.Sum(s => s.Keys);
        return new OpCase(name, (c, ops) => ops.Attention(
                c.Inputs[0], c.Inputs[1], c.Inputs[2], Rows(segments), 0, complete?.Invoke(spec) ?? spec))
        { Tolerance = 1e-5f }
            .Input(queries, spec.Heads * spec.HeadDim).Input(keys, spec.KeyValueHeads * spec.HeadDim)
            .Input(keys, spec.KeyValueHeads * spec.HeadDim);
    }
}
