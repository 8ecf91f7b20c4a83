namespace Seriatim.Tensors.Tests;

/// <summary>The table of cases: every op, with shapes that meet every tail and every branch.</summary>
public static class OpCases
{
    /// <summary>
    /// Calls that change their operands or give sums in double, and so have tests of their own: <see cref="OptimizerOpTests"/>.
    /// </summary>
    public static IReadOnlySet<string> WithoutCases { get; } = new HashSet<string>
    {
        "AdamWStep", "LionStep", "AdafactorStep", "MoveTowards", "Swap", "RoundMaster", "PutRows", "SumOfSquares",
        "DistillationLoss",
    };

    public static IEnumerable<OpCase> All() =>
    [
        .. Embeds(), .. Linears(), .. Norms(), .. Ropes(), .. Pointwise(), .. Experts(), .. CrossEntropies(),
        .. LengthProjections(),
        .. AttentionCases.All(),
        .. GatheredCases.All(),
        .. HashedCases.All(),
        .. SelectedCases.All(),
        .. BatchNormCases.All(),
        .. LinearRecurrenceCases.All(),
        .. LinearRecurrenceCases.Surroundings(),
        .. DeltaRuleCases.All(),
        .. RecurrenceCases.All(),
        .. GatedScanCases.All(),
    ];

    private static IEnumerable<OpCase> Embeds()
    {
        foreach (ParameterLayout layout in Enum.GetValues<ParameterLayout>())
        {
            EmbeddingWeight? table = null;
            var c = new OpCase($"embed {layout}", (_, ops) => ops.Embed(table!, new[] { 3, 0, 36, 3, 3, 12 }));
            table = new EmbeddingWeight(c.Parameter(37, 19, layout));
            yield return c;
        }
    }

    private static IEnumerable<OpCase> LengthProjections()
    {
        (int Width, int Length, int Rank, int[] Sequences)[] shapes =
        [
            (19, 40, 5, [40, 7, 1]), (64, 33, 33, [9, 33]), (1, 20, 1, [20]), (70, 12, 17, [0, 12, 3]),
        ];
        foreach ((int width, int length, int rank, int[] sequences) in shapes)
        {
            Parameter table = null!;
            SequenceRows[] rows = [.. sequences.Select((n, i) => new SequenceRows(sequences[..i].Sum(), n))];
            var c = new OpCase($"project length [{string.Join('+', sequences)}, {width}] by [{length}, {rank}]",
                (c, ops) => ops.ProjectLength(c.Inputs[0], table, rows)).Input(sequences.Sum(), width);
            table = c.Parameter(length, rank);
            yield return c;
        }
    }

    private static IEnumerable<OpCase> Linears()
    {
        (int N, int I, int O, bool Bias)[] shapes =
        [
            (1, 7, 5, true), (1, 300, 70, false), (2, 16, 32, true), (3, 40, 33, false), (5, 64, 96, true), (8, 17, 31, true),
            (9, 257, 64, true), (33, 40, 100, false), (70, 530, 45, true), (13, 1, 1, true), (520, 24, 40, true),
            (1100, 20, 70, true),
        ];
        foreach ((int n, int i, int o, bool bias) in shapes)
        {
            LinearWeight? w = null;
            var c = new OpCase($"linear [{n}, {i}] -> {o}{(bias ? " with bias" : "")}",
                (c, ops) => ops.Linear(c.Inputs[0], w!)).Input(n, i);
            w = c.Linear(o, i, bias);
            yield return c;
        }

        foreach (DataType type in new[] { DataType.F16, DataType.BF16 })
        {
            foreach (int n in new[] { 1, 11 })
            {
                LinearWeight? w = null;
                var c = new OpCase($"linear {type} [{n}, 300] -> 70", (c, ops) => ops.Linear(c.Inputs[0], w!))
                {
                    Differentiable = false,
                }.Input(n, 300);
                w = c.Linear(70, 300, true, type);
                yield return c;
            }
        }

        foreach (OpCase c in RowsOfGroups())
            yield return c;
        foreach (OpCase c in Adapters())
            yield return c;

        foreach ((int n, int heads, int stride, int i, int o) in new[] { (1, 1, 5, 5, 7), (5, 3, 9, 9, 20), (9, 4, 21, 13, 6) })
        {
            LinearWeight[] own = [];
            var c = new OpCase($"linear heads [{n}, {heads} x {stride}] -> {heads} x {o}",
                (c, ops) => ops.LinearHeads(c.Inputs[0], own)).Input(n, heads * stride);
            own = [.. Enumerable.Range(0, heads).Select(_ => c.Linear(o, i, false))];
            yield return c;
        }

        LinearWeight? a = null;
        LinearWeight? b = null;
        var many = new OpCase("linear many", (c, ops) =>
        {
            (Tensor first, Tensor second) = ops.LinearMany(c.Inputs[0], a!, b!);
            using (first)
            using (second)
                return ops.GatedActivate(first, second, Activation.Silu);
        }).Input(6, 24);
        a = many.Linear(40, 24, true);
        b = many.Linear(40, 24, false);
        yield return many;
    }

    /// <summary>
    /// Weights that hold another: of low rank, and parts; and quantised ones, which pass the gradient of their input.
    /// </summary>
    private static IEnumerable<OpCase> Adapters()
    {
        (string Name, int Outputs, int Inputs, int Rows, Func<OpCase, LinearWeight> Make)[] kinds =
        [
            ("low rank over dense", 70, 40, 9, c => Frozen(c, 70, 40).WithLowRank(Panels(c, 4, 40), Panels(c, 70, 4), 0.5f)),
            ("low rank over blocks", 33, 64, 3,
                c => Blocks(33, 64, c.Parameter(1, 33)).WithLowRank(Panels(c, 7, 64), Panels(c, 33, 7), 2)),
            ("low rank over low rank", 40, 24, 5, c => Frozen(c, 40, 24)
                .WithLowRank(Frozen(Panels(c, 3, 24)), Frozen(Panels(c, 40, 3)), 1)
                .WithLowRank(Panels(c, 2, 24), Panels(c, 40, 2), 1)),
            ("shard of outputs", 32, 40, 9, c => c.Linear(100, 40, true).ShardOfOutputs(32, 32)),
            ("last shard of outputs", 36, 40, 1, c => c.Linear(100, 40, true).ShardOfOutputs(64, 36)),
            ("shard of inputs", 45, 17, 9, c => c.Linear(45, 40, false).ShardOfInputs(13, 17)),
            ("shard of inputs of blocks", 20, 32, 4, c => Blocks(20, 64, null).ShardOfInputs(32, 32)),
            ("blocks", 45, 64, 9, c => Blocks(45, 64, c.Parameter(1, 45))),
            ("many blocks", 600, 32, 3, c => Blocks(600, 32, null)),
        ];
        foreach ((string name, int outputs, int inputs, int rows, Func<OpCase, LinearWeight> make) in kinds)
        {
            LinearWeight? w = null;
            var c = new OpCase($"linear, {name} [{rows}, {inputs}] -> {outputs}", (c, ops) => ops.Linear(c.Inputs[0], w!))
            { Tolerance = name.Contains("blocks", StringComparison.Ordinal) ? 2e-2f : 3e-6f }.Input(rows, inputs);
            w = make(c);
            yield return c;
        }

        LinearWeight? head = null;
        var loss = new OpCase("cross entropy over blocks of low rank", (c, ops) =>
            ops.CrossEntropy(c.Inputs[0], head!, new[] { 3, -100, 4099, 17 }, new CrossEntropyOptions()))
        { Tolerance = 2e-2f }.Input(4, 32);
        head = Blocks(4100, 32, null).WithLowRank(Panels(loss, 3, 32), Panels(loss, 4100, 3), 0.7f);
        yield return loss;
    }

    /// <summary>Rows of which some have something of their own in the weight.</summary>
    private static IEnumerable<OpCase> RowsOfGroups()
    {
        RowGroup first = new("first"), second = new("second"), unknown = new("unknown");
        RowGroup?[] rows = [null, first, second, first, unknown, null, second, first, null];
        (string Name, int Outputs, int Inputs, Func<OpCase, LinearWeight> Base)[] kinds =
        [
            ("dense", 70, 40, c => c.Linear(70, 40, true)), ("blocks", 33, 64, c => Blocks(33, 64, c.Parameter(1, 33))),
            ("a shard of outputs", 32, 24, c => Frozen(c, 100, 24).ShardOfOutputs(32, 32)),
        ];
        foreach ((string name, int outputs, int inputs, Func<OpCase, LinearWeight> make) in kinds)
        {
            LinearWeight? w = null, other = null;
            var c = new OpCase($"linear of groups over {name}", (c, ops) =>
            {
                (Tensor x, Tensor y) = ops.LinearMany(c.Inputs[0], w!, other!, RowGroups.Of(rows));
                using (x)
                using (y)
                    return ops.GatedActivate(x, y, Activation.Silu);
            })
            { Tolerance = name == "blocks" ? 2e-2f : 6e-6f }.Input(rows.Length, inputs);
            w = WithGroups(c, make(c), (first, 4, 0.5f), (second, 3, 2));
            other = WithGroups(c, make(c), (second, 7, 1));
            yield return c;
        }

        LinearWeight[] experts = [];
        var routed = new OpCase("experts of groups", (c, ops) =>
        {
            using ExpertRouting routing = ops.RouteExperts(c.Inputs[1], 2, true);
            using Tensor own = ops.DispatchToExperts(c.Inputs[0], routing);
            using Tensor result = ops.LinearExperts(own, experts, routing, RowGroups.Of(rows));
            return ops.CombineExperts(result, routing);
        })
        { Tolerance = 6e-6f }.Input(rows.Length, 20).Input(rows.Length, 5);
        experts = [.. Enumerable.Range(0, 5).Select(e => e == 2
            ? routed.Linear(20, 20, false)
            : WithGroups(routed, Frozen(routed, 20, 20), (first, 2, 1), (second, e + 1, 0.5f)))];
        yield return routed;
    }

    private static LinearWeight WithGroups(OpCase c, LinearWeight weight, params (RowGroup Group, int Rank, float Scale)[] groups)
    {
        GroupedWeight grouped = weight.WithGroups();
        foreach ((RowGroup group, int rank, float scale) in groups)
            grouped.Add(group, Panels(c, rank, weight.Inputs), Panels(c, weight.Outputs, rank), scale);
        return grouped;
    }

    private static Parameter Panels(OpCase c, int rows, int columns) =>
        c.Parameter(rows, columns, ParameterLayout.Panels, spread: 0.5f);

    private static LinearWeight Frozen(OpCase c, int outputs, int inputs)
    {
        LinearWeight weight = c.Linear(outputs, inputs, true);
        foreach (Parameter parameter in weight.Parameters.Where(p => p != weight.Bias))
            parameter.Trainable = false;
        return weight;
    }

    private static Parameter Frozen(Parameter parameter)
    {
        parameter.Trainable = false;
        return parameter;
    }

    private static LinearWeight Blocks(int outputs, int inputs, Parameter? bias)
    {
        var random = new Random(outputs * 31 + inputs);
        float[][] rows = [.. Enumerable.Range(0, outputs)
            .Select(_ => Enumerable.Range(0, inputs).Select(_ => random.NextSingle() - 0.5f).ToArray())];
        return LinearWeight.FromBlocks(QuantizedMatrix.Encode(
            "blocks", BlockType.Q8_0, outputs, inputs, QuantizedPlacement.Packed, (row, values) => rows[row].CopyTo(values)),
            bias);
    }

    private static IEnumerable<OpCase> Norms()
    {
        foreach (NormKind kind in (NormKind[])[NormKind.Rms, NormKind.Layer])
        {
            foreach ((int n, int e, int width) in new[] { (1, 5, 5), (4, 16, 16), (7, 40, 40), (3, 48, 12), (40, 600, 600) })
            {
                foreach ((bool scale, bool bias, float offset) in new[]
                {
                    (true, false, 0f), (true, true, 0f), (true, false, 1f), (false, false, 0f)
                })
                {
                    NormWeight? w = null;
                    var c = new OpCase($"norm {kind} [{n}, {e}] by {width} scale {scale} bias {bias} offset {offset}",
                        (c, ops) => ops.Norm(c.Inputs[0], w!))
                    { Tolerance = 1e-5f }.Input(n, e);
                    w = new NormWeight(kind, scale ? c.Parameter(1, width) : null, bias ? c.Parameter(1, width) : null,
                        1e-5f, offset)
                    {
                        Width = scale || width == e ? 0 : width,
                    };
                    yield return c;
                }
            }
        }
    }

    private static IEnumerable<OpCase> Ropes()
    {
        foreach (RopePairing pairing in Enum.GetValues<RopePairing>())
        {
            foreach ((int n, int heads, int d, int half) in new[]
            {
                (5, 3, 8, 4), (3, 2, 12, 6), (2, 2, 64, 32), (4, 2, 40, 10), (3, 1, 80, 33)
            })
            {
                float[] angles = [.. Enumerable.Range(0, n * half).Select(i => i * 0.37f)];
                var rows = new RopeRows(
                    OpCase.DeviceOfCases.Upload(angles.Select(MathF.Cos).ToArray(), n, half),
                    OpCase.DeviceOfCases.Upload(angles.Select(MathF.Sin).ToArray(), n, half), d, pairing);
                yield return new OpCase($"rope {pairing} {heads} x {d}, {2 * half} turn",
                    (c, ops) => ops.Rope(c.Inputs[0], rows)).Input(n, heads * d);
            }
        }
    }

    private static IEnumerable<OpCase> Pointwise()
    {
        foreach (Activation activation in Enum.GetValues<Activation>())
        {
            yield return new OpCase($"activation {activation}",
                (c, ops) => ops.Activate(c.Inputs[0], activation)).Input(7, 45, 3);
            yield return new OpCase($"gated {activation}",
                (c, ops) => ops.GatedActivate(c.Inputs[0], c.Inputs[1], activation)).Input(7, 45, 3).Input(7, 45);
        }

        yield return new OpCase("add", (c, ops) => ops.Add(c.Inputs[0], c.Inputs[1])).Input(5, 31).Input(5, 31);
        yield return new OpCase("add to itself", (c, ops) => ops.Add(c.Inputs[0], c.Inputs[0])).Input(5, 31);
        yield return new OpCase("scale", (c, ops) => ops.Scale(c.Inputs[0], -1.7f)).Input(5, 31);
        yield return new OpCase("dropout", (c, ops) => ops.Dropout(c.Inputs[0], new DropoutMask(0.3f, 5))).Input(9, 37);
        yield return new OpCase("dropout, large",
            (c, ops) => ops.Dropout(c.Inputs[0], new DropoutMask(0.1f, 6).At(3))).Input(70, 513);
        yield return new OpCase("clamp", (c, ops) => ops.Clamp(c.Inputs[0], -1.1f, 0.7f, 1)).Input(5, 31);
        yield return new OpCase("clamp above", (c, ops) =>
            ops.Clamp(c.Inputs[0], float.NegativeInfinity, 0.7f)).Input(7, 45);
        foreach ((int n, int e, int groups) in new[] { (5, 31, 1), (4, 36, 3), (70, 512, 8), (3, 2, 2) })
        {
            yield return new OpCase($"scale rows [{n}, {e}] by {groups}", (c, ops) => ops.ScaleRows(c.Inputs[0], c.Inputs[1]))
                .Input(n, e).Input(n, groups);
        }

        foreach ((int n, int e, int factors) in new[] { (5, 31, 31), (40, 70, 1), (70, 512, 512), (3, 1, 1) })
        {
            Parameter? w = null;
            var c = new OpCase($"scale columns [{n}, {e}] by {factors}", (c, ops) => ops.ScaleColumns(c.Inputs[0], w!))
                .Input(n, e);
            w = c.Parameter(1, factors);
            yield return c;
        }

        yield return new OpCase("soft cap", (c, ops) => ops.SoftCap(c.Inputs[0], 2.5f)).Input(5, 31, 4);
        yield return new OpCase("gather rows", (c, ops) => ops.GatherRows(c.Inputs[0], new[] { 4, 4, 0, 2 })).Input(5, 31);
        yield return new OpCase("scatter rows", (c, ops) => ops.ScatterRows(c.Inputs[0], new[] { 4, 1, 4 }, 6)).Input(3, 31);
        yield return new OpCase("columns", (c, ops) => ops.Columns(c.Inputs[0], 5, 17)).Input(4, 31);
        yield return new OpCase("no columns",
            (c, ops) => ops.JoinColumns(ops.Columns(c.Inputs[0], 31, 0), c.Inputs[0])).Input(4, 31);
        yield return new OpCase("join columns", (c, ops) => ops.JoinColumns(c.Inputs[0], c.Inputs[1])).Input(4, 31).Input(4, 3);
        yield return new OpCase("join columns of heads", (c, ops) => ops.JoinColumns(c.Inputs[0], c.Inputs[1], 3))
            .Input(4, 21).Input(4, 6);
        yield return new OpCase("join columns to itself", (c, ops) => ops.JoinColumns(c.Inputs[0], c.Inputs[0])).Input(4, 31);
        yield return new OpCase("add, large", (c, ops) => ops.Add(c.Inputs[0], c.Inputs[1])).Input(70, 513).Input(70, 513);
    }

    private static IEnumerable<OpCase> Experts()
    {
        foreach (bool renormalise in new[] { true, false })
        {
            LinearWeight[] up = [];
            var c = new OpCase($"experts, renormalised {renormalise}", (c, ops) =>
            {
                using ExpertRouting routing = ops.RouteExperts(c.Inputs[1], 2, renormalise);
                using Tensor own = ops.DispatchToExperts(c.Inputs[0], routing);
                using Tensor result = ops.LinearExperts(own, up, routing);
                return ops.CombineExperts(result, routing);
            }).Input(9, 20).Input(9, 5);
            up = [.. Enumerable.Range(0, 5).Select(_ => c.Linear(20, 20, false))];
            yield return c;
        }

        var grouped = new ExpertRule(3) { Groups = 3, GroupsPerToken = 2, Scale = 1.7f };
        (string Name, ExpertRule Rule, bool Bias, bool Factors, bool OnInput)[] rules =
        [
            ("sigmoid on the input", new ExpertRule(2) { Score = ExpertScore.Sigmoid }, false, false, true),
            ("softmax, groups by their best", grouped, false, false, false),
            ("sigmoid, groups by two, bias", grouped with
            {
                Score = ExpertScore.Sigmoid, GroupsByTwo = true, Renormalise = true, Epsilon = 0.1,
            }, true, false, false),
            ("softmax, renormalised, factors", new ExpertRule(2) { Renormalise = true }, false, true, false),
        ];
        foreach ((string name, ExpertRule rule, bool bias, bool factors, bool onInput) in rules)
        {
            ExpertRule own = rule;
            LinearWeight[] up = [];
            var c = new OpCase($"experts, {name}", (c, ops) =>
            {
                using ExpertRouting routing = ops.RouteExperts(c.Inputs[1], own);
                using Tensor pairs = ops.DispatchToExperts(c.Inputs[0], routing);
                using Tensor scaled = onInput ? ops.ScaleRows(pairs, routing.Weights) : pairs.Retain();
                using Tensor result = ops.LinearExperts(scaled, up, routing);
                return ops.CombineExperts(result, routing, weighted: !onInput);
            }).Input(9, 20).Input(9, 6);
            if (bias)
            {
                own = own with { ChoiceBias = c.Parameter(1, 6, spread: 0.3f) };
                own.ChoiceBias!.Trainable = false;
            }

            own = factors ? own with { ExpertFactors = c.Parameter(1, 6) } : own;
            up = [.. Enumerable.Range(0, 6).Select(_ => c.Linear(20, 20, false))];
            yield return c;
        }
    }

    private static IEnumerable<OpCase> CrossEntropies()
    {
        (int N, int E, int V, CrossEntropyOptions Options, bool Bias)[] shapes =
        [
            (1, 8, 5, new CrossEntropyOptions(), false),
            (6, 12, 50, new CrossEntropyOptions(LabelSmoothing: 0.1f), true),
            (6, 12, 50, new CrossEntropyOptions(Reduction: LossReduction.Sum), false),
            (6, 12, 50, new CrossEntropyOptions(Reduction: LossReduction.None, LabelSmoothing: 0.2f), false),
            (6, 12, 45, new CrossEntropyOptions(SoftCap: 1.5f), true),
            (3, 6, 4600, new CrossEntropyOptions(LabelSmoothing: 0.05f), false),
        ];
        foreach ((int n, int e, int v, CrossEntropyOptions options, bool bias) in shapes)
        {
            LinearWeight? head = null;
            int[] labels = [.. Enumerable.Range(0, n).Select(i => i == 2 ? -100 : (i * 7919 + 4) % v)];
            var c = new OpCase($"cross entropy [{n}, {e}] -> {v}, {options}",
                (c, ops) => ops.CrossEntropy(c.Inputs[0], head!, labels, options)).Input(n, e);
            head = c.Linear(v, e, bias);
            yield return c;
        }
    }
}
