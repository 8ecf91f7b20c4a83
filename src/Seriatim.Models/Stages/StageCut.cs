namespace Seriatim.Models;

/// <summary>Where a model is cut into stages, and which models can be.</summary>
public static class StageCut
{
    /// <summary>The stages of a model, cut so that the largest is as small as can be.</summary>
    /// <param name="sizes">What its parts take.</param>
    /// <param name="stages">How many.</param>
    /// <exception cref="StageCutException">The model cannot be cut, or not into so many.</exception>
    public static IReadOnlyList<ModelStage> Balanced(ModelSizes sizes, int stages)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        RequireStages(sizes.Spec, stages);
        IReadOnlyList<long> layers = sizes.LayerBytes;
        bool[] isCut = Cuts(sizes.Spec.Last);
        int count = layers.Count;

        // least[s, i]: the smallest largest stage of the first i layers in s stages; from[s, i]: where its last stage begins.
        long[,] least = new long[stages + 1, count + 1];
        int[,] from = new int[stages + 1, count + 1];
        for (int end = 1; end <= count; end++)
            least[1, end] = sizes.OtherBytes + layers.Take(end).Sum();
        for (int stage = 2; stage <= stages; stage++)
        {
            for (int end = 0; end <= count; end++)
            {
                least[stage, end] = long.MaxValue;
                long own = 0;
                for (int first = end - 1; first >= stage - 1; first--)
                {
                    own += layers[first];
                    if (!isCut[first] || least[stage - 1, first] == long.MaxValue)
                        continue;
                    long largest = Math.Max(own, least[stage - 1, first]);
                    if (largest < least[stage, end])
                        (least[stage, end], from[stage, end]) = (largest, first);
                }
            }
        }

        if (least[stages, count] == long.MaxValue)
        {
            throw new StageCutException(
                $"{stages} stages are asked for; the layers of this {sizes.Spec.Family} model can be cut in "
                    + $"{isCut.Count(one => one)} places, as some read the keys of others, so {isCut.Count(one => one) + 1} "
                    + "stages are the most.");
        }

        var cut = new ModelStage[stages];
        for (int stage = stages, end = count; stage > 0; stage--)
        {
            int first = stage == 1 ? 0 : from[stage, end];
            (cut[stage - 1], end) = (new ModelStage(first, end), first);
        }

        return cut;
    }

    /// <summary>The stages that somebody asks for.</summary>
    /// <param name="spec">The model.</param>
    /// <param name="counts">Layers of each stage, in order.</param>
    /// <exception cref="StageCutException">The model cannot be cut, or not there.</exception>
    public static IReadOnlyList<ModelStage> Of(ModelSpec spec, IReadOnlyList<int> counts)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(counts);
        RequireStages(spec, counts.Count);
        int layers = spec.Last.Layers.Count;
        if (counts.Any(count => count < 1) || counts.Sum(count => (long)count) != layers)
        {
            throw new StageCutException(
                $"Stages of {string.Join(", ", counts)} layers are {counts.Sum(count => (long)count)} together; this "
                    + $"{spec.Family} model has {layers}, and each stage needs 1 at least.");
        }

        bool[] isCut = Cuts(spec.Last);
        var cut = new List<ModelStage>(counts.Count);
        int first = 0;
        foreach (int count in counts)
        {
            if (first > 0 && !isCut[first])
            {
                (int layer, int other) = Reading(spec.Last).First(pair => pair.Other < first && pair.Layer >= first);
                throw new StageCutException(
                    $"A stage begins with layer {first}, and layer {layer} reads the keys of layer {other}: both must be in one "
                        + "stage.");
            }

            cut.Add(new ModelStage(first, first += count));
        }

        return cut;
    }

    /// <summary>Refuses models whose layers cannot be in several processes.</summary>
    /// <param name="spec">The model.</param>
    /// <exception cref="StageCutException">The message says which, and why.</exception>
    public static void Require(ModelSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        string? why = spec switch
        {
            { Encoder: not null, Decoder: not null } =>
                "it has an encoder and a decoder, whose every layer reads the encoder's output",
            { Decoder: null } => "it is an encoder, which remembers nothing between steps",
            { Last.ReadsAgain: true } => "its hashed attention reads whole sequences again in each step",
            { Last.HasHalves: true } => "its layers are reversible: their stream has two halves",
            { Head.Pooling: HeadPooling.Mean } => "its head reads the mean of a sequence",
            { HasBatchNorms: true } => "it has batch norms",
            _ => null,
        };
        if (why is not null)
        {
            throw new StageCutException(
                $"A {spec.Family} model cannot be cut into stages: {why}. Decoders that generate token by token can; run this "
                    + "one in one process.");
        }
    }

    private static void RequireStages(ModelSpec spec, int stages)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(stages, 1);
        Require(spec);
        if (stages > spec.Last.Layers.Count)
        {
            throw new StageCutException(
                $"{stages} stages are asked for; this {spec.Family} model has {spec.Last.Layers.Count} layers, and each stage "
                    + "needs 1 at least. Start fewer processes.");
        }
    }

    /// <summary>Of each layer whether a stage may begin with it: no later one reads what an earlier one remembers.</summary>
    private static bool[] Cuts(StackSpec stack)
    {
        bool[] isCut = new bool[stack.Layers.Count];
        for (int layer = 1; layer < isCut.Length; layer++)
            isCut[layer] = !Reading(stack).Any(pair => pair.Other < layer && pair.Layer >= layer);
        return isCut;
    }

    private static IEnumerable<(int Layer, int Other)> Reading(StackSpec stack) =>
        from layer in Enumerable.Range(0, stack.Layers.Count)
        let other = stack.Layers[layer].Mixer.MemoryOf ?? stack.Layers[layer].SharesWith
        where other is not null
        select (layer, other.Value);
}
