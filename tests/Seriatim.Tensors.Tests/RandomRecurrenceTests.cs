namespace Seriatim.Tensors.Tests;

/// <summary>
/// Shapes that nobody chose, for all ops of recurrences, gathered attention and what stands around them: they agree with the
/// reference, for any lanes and threads they have the same bits, a sequence has the bits it has alone, forwards and backwards,
/// and parameters that are not trained change nothing else. All shapes come from one table of cases: hence one long file.
/// </summary>
public sealed class RandomRecurrenceTests
{
    private static readonly string[] Kinds =
        ["convolution", "scan", "retention", "ssd", "steps", "skip", "gathered", "projected", "joined", "lstm", "gru"];

    public static TheoryData<string, int> Cases
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (string kind in Kinds)
            {
                for (int seed = 0; seed < 12; seed++)
                    data.Add(kind, seed);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AgreeWithTheReferenceAndHaveTheSameBits(string kind, int seed)
    {
        using Shape shape = Shape.Make(kind, seed);
        int[] all = [.. Enumerable.Range(0, shape.Segments.Length)];
        List<float[]> expected = shape.Run(new ReferenceOps(), all);
        List<float[]>? first = null;
        var random = new Random(seed);
        foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
        {
            int threads = random.Next(1, 5);
            using IDifferentiableOps ops = CpuOps.Create(threads, width);
            List<float[]> actual = shape.Run(ops, all);
            for (int i = 0; i < expected.Count; i++)
            {
                OpTableTests.Near(expected[i], actual[i], 1e-4f, $"{kind} {seed}, {shape}: {i}");
                OpTableTests.SameBits((first ?? actual)[i], actual[i],
                    $"{kind} {seed}, {shape}, {width}, {threads} threads: {i}");
            }

            first ??= actual;
        }

        using IDifferentiableOps fast = CpuOps.Create(2);
        int row = 0;
        foreach (int segment in all)
        {
            int rows = shape.Segments[segment];
            List<float[]> alone = shape.Run(fast, [segment]);
            for (int i = 0; i < shape.OfRows; i++)
            {
                int width = first![i].Length / Math.Max(1, shape.Segments.Sum());
                if (i == 0 && kind == "projected")
                    continue;
                OpTableTests.SameBits(alone[i], first[i].AsSpan(row * width, rows * width),
                    $"{kind} {seed}, {shape}, segment {segment} alone: {i}");
            }

            row += rows;
        }

        for (int frozen = 0; frozen < shape.Parameters.Count; frozen++)
        {
            shape.Parameters[frozen].Trainable = false;
            List<float[]> others = shape.Run(fast, all);
            for (int i = 0; i < others.Count; i++)
            {
                float[] wanted = i == shape.OfRows + frozen ? new float[others[i].Length] : first![i];
                OpTableTests.SameBits(wanted, others[i], $"{kind} {seed}, {shape}, parameter {frozen} frozen: {i}");
            }

            shape.Parameters[frozen].Trainable = true;
        }
    }

    /// <summary>
    /// A value that is not finite shows, forwards and backwards, where it does in the reference, and never in another sequence.
    /// </summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void WhatIsNotFiniteStaysWhereTheReferenceHasIt(string kind, int seed)
    {
        using Shape shape = Shape.Make(kind, seed);
        using IDifferentiableOps ops = CpuOps.Create(2);
        int[] all = [.. Enumerable.Range(0, shape.Segments.Length)];
        List<float[]> clean = shape.Run(ops, all);
        var random = new Random(seed);
        for (int input = 0; input < shape.OfRows - 1; input++)
        {
            foreach (float value in new[] { float.NaN, float.PositiveInfinity })
            {
                int width = clean[1 + input].Length / shape.Segments.Sum();
                int segment = random.Next(all.Length), first = shape.Segments[..segment].Sum();
                int row = first + random.Next(shape.Segments[segment]);
                float before = shape.Poison(input, row * width + random.Next(width), value);
                List<float[]> actual = shape.Run(ops, all), expected = shape.Run(new ReferenceOps(), all);
                shape.Poison(input, shape.LastPoisoned, before);
                for (int i = 0; i < shape.OfRows; i++)
                {
                    if (kind == "projected" && i == 0)
                        continue;
                    int columns = actual[i].Length / shape.Segments.Sum();
                    (int begin, int end) = (first * columns, (first + shape.Segments[segment]) * columns);
                    string what = $"{kind} {seed}, {shape}, {value} in input {input}: {i}";
                    OpTableTests.SameBits(clean[i].AsSpan(0, begin), actual[i].AsSpan(0, begin), what);
                    OpTableTests.SameBits(clean[i].AsSpan(end), actual[i].AsSpan(end), what);

                    // An infinite score is minus infinity to some keys, which the reference takes for unseen.
                    if (kind is not "gathered" || (float.IsInfinity(value) && input < 2))
                        continue;
                    for (int e = begin; e < end; e++)
                    {
                        Assert.True(float.IsFinite(expected[i][e]) == float.IsFinite(actual[i][e]),
                            $"{what}, element {e}: {actual[i][e]}, the reference has {expected[i][e]}");
                    }
                }
            }
        }
    }

    private sealed class Shape : IDisposable
    {
        private readonly List<float[]> _inputs = [];
        private readonly List<int> _widths = [];
        private readonly Random _random;
        private Func<IOps, Tensor[], int[], Tensor> _call = null!;
        private int _projectsTo; // rows of a sequence in the result; 0: its own

        private Shape(int seed, int kind)
        {
            _random = new Random(seed * 101 + kind);
            Segments = [.. Enumerable.Range(0, _random.Next(1, 12)).Select(_ => _random.Next(4) switch
            {
                0 => 1,
                1 => _random.Next(1, 5),
                2 => _random.Next(1, 40),
                _ => _random.Next(1, 130),
            })];
        }

        public int[] Segments { get; }

        public List<Parameter> Parameters { get; } = [];

        /// <summary>The result and the gradients of the inputs: what has rows.</summary>
        public int OfRows => 1 + _inputs.Count;

        /// <summary>The element that was last replaced.</summary>
        public int LastPoisoned { get; private set; }

        private string Words { get; set; } = "";

        /// <summary>Replaces an element of an input and returns what it was.</summary>
        public float Poison(int input, int element, float value)
        {
            (float before, LastPoisoned) = (_inputs[input][element], element);
            _inputs[input][element] = value;
            return before;
        }

        public static Shape Make(string kind, int seed)
        {
            var shape = new Shape(seed, Array.IndexOf(Kinds, kind));
            shape.Fill(kind);
            return shape;
        }

        public override string ToString() => $"{Words}, rows {string.Join("+", Segments)}";

        public void Dispose() => Parameters.ForEach(p => p.Dispose());

        /// <summary>The result of some segments, the gradients of inputs, then those of parameters.</summary>
        public List<float[]> Run(IDifferentiableOps ops, int[] segments)
        {
            foreach (Parameter parameter in Parameters)
                parameter.ClearGradient();
            int[] rows = [.. segments.Select(i => Segments[i])];
            Tensor[] inputs = [.. _inputs.Select((values, i) => Tensor.From(
                [.. segments.SelectMany(s => values.AsSpan(Segments[..s].Sum() * _widths[i], Segments[s] * _widths[i])
                    .ToArray())],
                rows.Sum(), _widths[i]))];
            using var tape = new Tape(ops);
            foreach (Tensor input in inputs)
                tape.Watch(input);
            using Tensor y = _call(tape, inputs, rows);
            List<float[]> values = [y.ToArray()];

            // The weight of an element follows from its place in its own sequence.
            float[] seed = [.. rows.SelectMany(n => Enumerable.Range(0, y.Columns * (_projectsTo == 0 ? n : _projectsTo))
                .Select(GradientTests.Weight))];
            tape.Backward(y, ops.Device.Upload(seed, y.Rows, y.Columns));
            values.AddRange(inputs.Select(x => tape.GradientOf(x)?.ToArray() ?? new float[x.Length]));
            values.AddRange(Parameters.Select(p => p.GradientOrZeros().ToArray()));
            foreach (Tensor input in inputs)
                input.Dispose();
            return values;
        }

        private int Any(params int[] choices) => choices[_random.Next(choices.Length)];

        private Tensor Softplus(IOps ops, Tensor x) => ops.Activate(x, Activation.Softplus);

        private void Input(int width)
        {
            _widths.Add(width);
            _inputs.Add([.. Enumerable.Range(0, Segments.Sum() * width).Select(_ => 3 * _random.NextSingle() - 1.5f)]);
        }

        private Parameter Parameter(
            int rows, int columns, ParameterLayout layout = ParameterLayout.RowMajor, float spread = 1)
        {
            var parameter = new Parameter($"p{Parameters.Count}", rows, columns, layout);
            float[] row = new float[columns];
            for (int r = 0; r < rows; r++)
            {
                for (int c = 0; c < columns; c++)
                    row[c] = spread * (2 * _random.NextSingle() - 1);
                parameter.WriteRow(r, row);
            }

            Parameters.Add(parameter);
            return parameter;
        }

        private void Fill(string kind)
        {
            int width = Any(1, 2, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 95, 100, 129);
            switch (kind)
            {
                case "convolution":
                    Convolution(width, Any(1, 2, 3, 4, 7));
                    break;
                case "scan":
                    Scan(width, Any(1, 2, 3, 7, 16, 17));
                    break;
                case "retention" or "ssd":
                    Recurrence(kind == "ssd");
                    break;
                case "steps":
                    Steps();
                    break;
                case "skip":
                    int heads = Any(1, 2, 3, 17, 33), each = Any(1, 3, 16, 17, 40);
                    Input(heads * each);
                    Input(heads * each);
                    Parameter scales = Parameter(1, heads);
                    (_call, Words) = ((ops, x, _) => ops.AddScaled(x[0], x[1], scales), $"{heads} x {each}");
                    break;
                case "gathered":
                    Gathered();
                    break;
                case "projected":
                    int rank = _projectsTo = Any(1, 5, 8, 9, 31, 32, 33, 40);
                    Input(width);
                    Parameter table = Parameter(Segments.Max() + _random.Next(5), rank);
                    (_call, Words) = ((ops, x, rows) => ops.ProjectLength(x[0], table,
                        [.. rows.Select((n, i) => new SequenceRows(rows[..i].Sum(), n))]), $"{width} by {table}");
                    break;
                case "lstm" or "gru":
                    Gated(kind == "lstm" ? GatedCell.Lstm : GatedCell.Gru);
                    break;
                default:
                    Joined();
                    break;
            }
        }

        private void Gated(GatedCell cell)
        {
            int width = Any(1, 2, 5, 11, 15, 16, 17, 31, 33, 48, 65), gates = GatedScanCases.Gates(cell) * width;
            Input(gates);
            Parameter matrix = Parameter(gates, width, ParameterLayout.Panels, 1 / MathF.Sqrt(width));
            LinearWeight weight = LinearWeight.FromPanels(matrix, _random.Next(2) == 0 ? null : Parameter(1, gates));
            (_call, Words) = ((ops, x, rows) =>
                ops.GatedScan(cell, x[0], weight, null, RecurrenceCases.Whole(rows), 0), $"{width} features");
        }

        private void Convolution(int width, int kernel)
        {
            Input(width);
            Parameter weight = Parameter(width, kernel, ParameterLayout.Panels);
            Parameter? bias = _random.Next(2) == 0 ? null : Parameter(1, width);
            (_call, Words) = ((ops, x, rows) => ops.CausalConvolution(x[0], weight, bias, RecurrenceCases.Whole(rows), 0),
                $"{width} channels, {kernel} taps");
        }

        private void Scan(int width, int states)
        {
            Input(width);
            Input(width);
            Input(states);
            Input(states);
            Parameter rates = Parameter(width, states, ParameterLayout.Panels), skip = Parameter(1, width);
            (_call, Words) = ((ops, x, rows) =>
            {
                using Tensor dt = Softplus(ops, x[1]);
                return ops.SelectiveScan(x[0], dt, x[2], x[3], rates, skip, RecurrenceCases.Whole(rows), 0);
            }, $"{width} channels x {states}");
        }

        private void Recurrence(bool byRows)
        {
            int groups = Any(1, 1, 2, 3), heads = groups * Any(1, 2, 3), keys = Any(1, 3, 4, 8, 9, 13, 16, 20);
            int values = Any(1, 5, 16, 17, 31, 32, 33, 64, 70);
            Input(groups * keys);
            Input(groups * keys);
            Input(heads * values);
            if (byRows)
                Input(heads);
            float[] factors = [.. Enumerable.Range(0, heads).Select(_ => _random.NextSingle())];
            (_call, Words) = ((ops, x, rows) =>
            {
                if (!byRows)
                {
                    return ops.LinearRecurrence(
                        x[0], x[1], x[2], LinearDecay.Constant(factors), groups, RecurrenceCases.Whole(rows), 0);
                }

                using Tensor gate = ops.Activate(x[3], Activation.Sigmoid), logs = ops.Scale(gate, -1.5f);
                return ops.LinearRecurrence(x[0], x[1], x[2], LinearDecay.OfRows(logs), groups, RecurrenceCases.Whole(rows), 0);
            }, $"{heads} heads, {groups} groups, {keys} x {values}");
        }

        private void Steps()
        {
            int heads = Any(1, 2, 3, 17, 33), each = Any(1, 3, 16, 17, 40);
            Input(heads * each);
            Input(heads);
            Parameter bias = Parameter(1, heads), rates = Parameter(1, heads);
            bool logs = _random.Next(2) == 0;
            (float low, float high) = _random.Next(2) == 0 ? (0, float.PositiveInfinity) : (0.4f, 1.1f);
            (_call, Words) = ((ops, x, _) =>
            {
                (Tensor values, Tensor falls) = ops.SelectiveSteps(x[0], x[1], bias, rates, low, high);
                (logs ? values : falls).Dispose();
                return logs ? falls : values;
            }, $"{heads} x {each}, from {low} to {high}, logs {logs}");
        }

        private void Gathered()
        {
            int heads = Any(1, 2, 3), d = Any(1, 7, 16, 20, 33), seed = _random.Next();
            for (int i = 0; i < 3; i++)
                Input(heads * d);
            GatheredAttentionSpec spec = GatheredCases.Spec(heads, d) with
            {
                Causal = _random.Next(2) == 0,
                OwnScore = _random.Next(2) == 0 ? null : -3f,
            };
            (_call, Words) = ((ops, x, rows) =>
            {
                GatheredSegment[] segments =
                    [.. rows.Select((n, i) => new GatheredSegment(rows[..i].Sum(), n, Lists(n, heads, seed)))];
                (Tensor y, Tensor sums) = ops.GatheredAttention(x[0], x[1], x[2], new GatheredRows(segments), spec);
                using (sums)
                    return y;
            }, $"{heads} x {d}, {spec}");
        }

        /// <summary>Lists that follow from the length: pieces of shuffled queries, keys of any order, some twice.</summary>
        private static GatheredPiece[] Lists(int n, int heads, int seed)
        {
            var random = new Random(seed + n);
            var pieces = new List<GatheredPiece>();
            for (int head = 0; head < heads; head++)
            {
                int[] queries = [.. Enumerable.Range(0, n)];
                random.Shuffle(queries);
                for (int first = 0; first < n;)
                {
                    int count = Math.Min(n - first, random.Next(1, 100));
                    int[] keys = [.. Enumerable.Range(0, random.Next(0, 2 * n + 1)).Select(_ => random.Next(n))];
                    if (random.Next(3) == 0)
                        keys = [.. Enumerable.Range(random.Next(n), 1).SelectMany(start => Enumerable.Range(start, n - start))];
                    (int, int)[]? ranges = random.Next(3) == 0 ? null : [.. Enumerable.Range(0, count).Select(_ =>
                    {
                        int begin = random.Next(keys.Length + 1);
                        return (begin, random.Next(begin, keys.Length + 1));
                    })];
                    pieces.Add(new GatheredPiece(head, 1, queries[first..(first + count)], keys)
                    {
                        Always = random.Next(2) == 0 ? 0 : random.Next(Math.Min(keys.Length, 70) + 1),
                        Ranges = ranges,
                    });
                    first += count;
                }
            }

            return [.. pieces];
        }

        private void Joined()
        {
            int parts = Any(1, 2, 3, 8), heads = Any(1, 3), d = Any(1, 16, 19);
            for (int i = 0; i < parts; i++)
                Input(heads * d);
            for (int i = 0; i < parts; i++)
                Input(heads);
            (_call, Words) = ((ops, x, _) => ops.JoinSoftmaxes([.. x.Take(parts)], [.. x.Skip(parts)]),
                $"{parts} of {heads} x {d}");
        }
    }
}
