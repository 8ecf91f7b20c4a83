using Seriatim.Inspection;

namespace Seriatim.Conformance.Tests;

/// <summary>What a witness sees of a pass is what the model computes without one, in every family.</summary>
public sealed class CaptureTests
{
    private const CaptureKinds Everything = (CaptureKinds)int.MaxValue & ~CaptureKinds.State;

    public static IEnumerable<object[]> All => GoldenCases.Rows(_ => true)
        .Where(row => (string)row[1] is "cpu-256" or "late");

    [GoldenTheory]
    [MemberData(nameof(All))]
    public void A_pass_that_is_watched_has_the_bits_of_one_that_is_not(string name, string opsName)
    {
        IOps ops = OpsUnderTest.Get(opsName);
        using Subject subject = Subject.Of(name, ops);
        Capture seen = subject.Look(Everything);
        if (!subject.Model.Spec.Head.IsMissing)
        {
            float[][] expected = subject.Logits(ops);
            for (int row = 0; row < expected.Length; row++)
                Assert.True(expected[row].AsSpan().SequenceEqual(seen.LogitsOf(row)), $"{name}: logits of row {row} differ.");
        }

        foreach (StackMap stack in subject.Map.Stacks)
        {
            for (int layer = 0; layer < stack.Layers.Count; layer++)
            {
                bool reads = stack.Side == StackSide.Encoder && subject.Source.Length > 0;
                int rows = (reads ? subject.Source : subject.Ids).Length;
                Assert.Equal(rows, seen.Of(CaptureKinds.Residual).Count(
                    row => row.Place == new CapturePlace(stack.Side, layer, "after")));
            }
        }
    }

    [GoldenTheory]
    [MemberData(nameof(All))]
    public void Rows_of_attention_sum_to_1_and_give_what_the_op_gives(string name, string opsName)
    {
        using Subject subject = Subject.Of(name, OpsUnderTest.Get(opsName));
        Capture seen = subject.Look(
            CaptureKinds.Attention | CaptureKinds.CrossAttention | CaptureKinds.Value | CaptureKinds.Mixed);
        foreach (CapturedAttention row in seen.Attention)
        {
            // A logit without a value takes its share of a row and is no key.
            bool shares = subject.Spec(row.Place.Stack).Layers[row.Place.Layer].Mixer is MixerSpec.Attention { SinkLogits: true };
            double sum = row.Weights.Sum(w => (double)w);
            Assert.True(shares ? sum is > 0 and < 1 : Math.Abs(sum - 1) < 3e-3, $"{row} sums to {sum}.");
        }

        foreach (StackMap stack in subject.Map.Stacks)
        {
            foreach (LayerMap layer in stack.Layers)
            {
                Assert.Equal(layer.Heads > 0, seen.Attention.Any(
                    row => row.Place.Stack == stack.Side && row.Place.Layer == layer.Index && row.Place.Part != "cross"));
                Assert.Equal(layer.CrossHeads > 0, seen.Attention.Any(
                    row => row.Place == new CapturePlace(stack.Side, layer.Index, "cross")));
                if (subject.Spec(stack.Side).Layers[layer.Index].Mixer
                    is MixerSpec.Attention { KeysOf: null } or MixerSpec.BlockSparse)
                    CheckProducts(seen, stack.Side, layer);
            }
        }
    }

    [GoldenTheory]
    [MemberData(nameof(All))]
    public void Only_what_is_asked_for_is_read(string name, string opsName)
    {
        using Subject subject = Subject.Of(name, OpsUnderTest.Get(opsName));
        Assert.Equal(0, subject.Look(CaptureKinds.None).BytesRead);
        StackMap stack = subject.Map.Last;
        int last = stack.Layers.Count - 1, position = subject.Ids.Length - 1;
        LayerMap layer = stack.Layers[last];
        Capture row = subject.Look(new CaptureFilter
        {
            Kinds = CaptureKinds.Residual,
            Stack = stack.Side,
            Layers = [last],
            Rows = [position],
        });
        Assert.Equal(row.Rows.Sum(one => one.Values.Length) * sizeof(float), row.BytesRead);
        Assert.All(row.Rows, one => Assert.Equal((position, last, stack.Side), (one.Position, one.Place.Layer, one.Place.Stack)));
        Assert.InRange(row.Rows.Count, 2, 6);
        if (layer.Heads == 0)
            return;
        Capture head = subject.Look(new CaptureFilter
        {
            Kinds = CaptureKinds.Query,
            Stack = stack.Side,
            Layers = [last],
            Heads = [layer.Heads - 1],
            Rows = [position],
        });
        Assert.NotEmpty(head.Rows);
        Assert.Equal(head.Rows.Sum(one => one.Values.Length) * sizeof(float), head.BytesRead);

        // Beside attention a recurrence may have queries too, of its own width.
        bool alone = subject.Spec(stack.Side).Layers[last].Mixer is not MixerSpec.Both;
        Assert.Contains(head.Rows, one => one.Values.Length == layer.HeadDim);
        Assert.True(!alone || head.Rows.All(one => one.Values.Length == layer.HeadDim));
    }

    /// <summary>The lens at the last layer is no other than the model.</summary>
    [GoldenTheory]
    [MemberData(nameof(All))]
    public void The_lens_of_the_last_layer_shows_the_model_itself(string name, string opsName)
    {
        using Subject subject = Subject.Of(name, OpsUnderTest.Get(opsName));
        StackMap stack = subject.Map.Last;
        Capture seen = subject.Look(CaptureKinds.Lens | CaptureKinds.Logits);
        if (subject.Model.Spec.Head.IsMissing)
        {
            Assert.Empty(seen.Lens);
            return;
        }

        for (int position = 0; position < subject.Ids.Length; position++)
        {
            CapturedLens lens = Assert.Single(seen.Lens,
                one => one.Position == position && one.Place.Layer == stack.Layers.Count - 1);
            Assert.Equal(ScoredToken.Best(seen.LogitsOf(position), lens.Best.Count), lens.Best);
        }
    }

    /// <summary>A state after a row is the state of the text that ends there.</summary>
    [GoldenTheory]
    [MemberData(nameof(All))]
    public void States_do_not_depend_on_what_follows(string name, string opsName)
    {
        using Subject subject = Subject.Of(name, OpsUnderTest.Get(opsName));
        if (subject.Model.Spec.Last.Visibility == Visibility.Full || subject.Model.BytesPerState == 0)
            return;
        int cut = subject.Ids.Length / 2;
        Capture whole = subject.Look(CaptureKinds.State);
        Capture part = subject.Look(new CaptureFilter { Kinds = CaptureKinds.State, Rows = [cut] });
        CapturedRow[] atCut = [.. whole.Of(CaptureKinds.State).Where(row => row.Position == cut)];
        Assert.NotEmpty(atCut);
        Assert.Equal(atCut.Length, part.Rows.Count);
        foreach ((CapturedRow one, CapturedRow other) in atCut.Zip(part.Rows))
        {
            Assert.Equal(one.Place, other.Place);
            Assert.True(one.Values.AsSpan().SequenceEqual(other.Values));
        }
    }

    /// <summary>What a branch adds is the difference it makes: in a layer that norms first, to the bit.</summary>
    [GoldenTheory]
    [MemberData(nameof(All))]
    public void The_stream_is_the_sum_of_what_is_added(string name, string opsName)
    {
        using Subject subject = Subject.Of(name, OpsUnderTest.Get(opsName));
        Capture seen = subject.Look(CaptureKinds.Residual | CaptureKinds.Added);
        foreach (StackMap stack in subject.Map.Stacks)
        {
            for (int i = 0; i < stack.Layers.Count; i++)
            {
                LayerSpec spec = subject.Spec(stack.Side).Layers[i];
                if (spec.Placement is not (Placement.Pre or Placement.Sandwich or Placement.Parallel)
                    || spec is not { Residual: true, CrossResidual: not false, OutputFactor: false })
                {
                    continue;
                }

                CapturedRow[] rows = [.. seen.Rows.Where(
                    row => row.Place.Stack == stack.Side && row.Place.Layer == i && row.Position == 1)];
                float[] stream = rows.First(row => row.Place.Part == "before").Values;
                foreach (CapturedRow added in rows.Where(row => row.Kind == CaptureKinds.Added))
                    stream = [.. stream.Zip(added.Values, (a, b) => a + b)];
                Assert.Equal(rows[^1].Values, stream);
                Assert.Equal(1 + (spec.Cross is null ? 0 : 1) + (spec.FeedForward is null ? 0 : 1),
                    rows.Count(row => row.Kind == CaptureKinds.Added));
            }
        }
    }

    private static void CheckProducts(Capture seen, StackSide side, LayerMap layer)
    {
        bool Here(CapturePlace place) => place.Stack == side && place.Layer == layer.Index && place.Part != "cross";
        ILookup<(int, int?), float[]> values = seen.Of(CaptureKinds.Value).Where(row => Here(row.Place))
            .ToLookup(row => (row.Position, row.Head), row => row.Values);
        ILookup<(int, int?), float[]> mixed = seen.Of(CaptureKinds.Mixed).Where(row => Here(row.Place))
            .ToLookup(row => (row.Position, row.Head), row => row.Values);
        CapturedAttention[] rows = [.. seen.Attention.Where(row => Here(row.Place))];
        Assert.NotEmpty(rows);
        foreach (CapturedAttention row in rows.Where(row => !row.Keys.Contains(-1)))
        {
            float[] made = Assert.Single(mixed[(row.Position, row.Head)]);
            int keyHead = row.Head / (layer.Heads / layer.KeyHeads);
            for (int i = 0; i < made.Length; i++)
            {
                (double sum, double size) = (0, 1e-6);
                for (int k = 0; k < row.Keys.Count; k++)
                {
                    double part = row.Weights[k] * values[(row.Keys[k], keyHead)].First()[i];
                    (sum, size) = (sum + part, size + Math.Abs(part));
                }

                Assert.True(Math.Abs(sum - made[i]) < 1e-5 * Math.Max(1, size),
                    $"{row.Place} {row.Position} {row.Head}: {sum}, {made[i]}");
            }
        }
    }

    /// <summary>A golden model and a text of its case.</summary>
    private sealed class Subject(Model model, IOps ops, int[] ids, int[] source, int[] types) : IDisposable
    {
        public Model Model => model;

        public int[] Ids => ids;

        public int[] Source => source;

        public MicroscopeMap Map { get; } = MicroscopeMap.Of(model.Spec);

        public static Subject Of(string name, IOps ops)
        {
            GoldenCase golden = GoldenCases.Get(name);
            using GoldenTensors expected = golden.Expected();
            Model model = golden.Load(device: ops.Device);
            bool targets = model.Spec.IsEncoderDecoder;
            int[] ids = First(expected, targets
                ? ["decoder_input_ids", "masked_decoder_input_ids", "partial_decoder_input_ids"] : ["input_ids"]);
            int[] source = targets ? First(expected, ["encoder_input_ids", "src_tokens", "input_ids"]) : [];
            int[] types = !targets && expected.Has("token_type_ids") ? expected.Ids("token_type_ids")[0] : [];
            return new Subject(model, ops, ids, source, types);
        }

        public StackSpec Spec(StackSide side) => side == StackSide.Encoder ? model.Spec.Encoder! : model.Spec.Decoder!;

        public Capture Look(CaptureKinds kinds) => Look(new CaptureFilter { Kinds = kinds });

        public Capture Look(CaptureFilter filter) => new CapturePass(model, ops, ops, filter).Whole(ids, source, types)[0];

        public float[][] Logits(IOps plain)
        {
            using Tensor? encoded = source.Length == 0 ? null
                : model.Encode(plain, new RaggedBatchBuilder().AddEncoder(source).Build());
            EncoderRows? rows = encoded is null ? null : new EncoderRows(0, source.Length);
            var builder = new RaggedBatchBuilder();
            if (model.Spec.Last.Visibility != Visibility.Full)
                builder.Add(ids, outputs: Outputs.All, encoder: rows);
            else if (rows is { } target)
                builder.AddTarget(ids, target);
            else
                builder.AddEncoder(ids, types);
            using Tensor hidden = model.Forward(plain, builder.Build(), encoded);
            using Tensor logits = model.Project(plain, hidden);
            return [.. logits.ToArray().Chunk(logits.Columns)];
        }

        public void Dispose() => model.Dispose();

        private static int[] First(GoldenTensors expected, string[] names) =>
            expected.Ids(names.First(expected.Has))[0] is var ids && expected.Has("attention_mask") && names[0] == "input_ids"
                ? Runs.Unpadded(ids, expected.Ids("attention_mask")[0]) : ids;
    }
}
