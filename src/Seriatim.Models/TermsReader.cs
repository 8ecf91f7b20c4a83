namespace Seriatim.Models;

/// <summary>What the terms of a sequence mean for a model.</summary>
internal static class TermsReader
{
    /// <exception cref="SequenceTermsException">The model cannot keep to them.</exception>
    public static SequenceLimits Limits(ModelSpec spec, SequenceTerms terms)
    {
        MixerSpec.Attention[] layers = [.. (spec.Decoder?.AttentionLayers() ?? []).Select(layer => layer.Attention)];
        int context = spec.Context;
        if (terms.Rope is { } change)
            context = CheckRope(spec, change);
        if (terms.Window is { } window)
        {
            CheckWindow(spec, layers, window, context);
            context = AttentionWindow.MaxPositions;
        }

        // Who reads the sequence again needs all of its ids, whatever its layers see.
        bool readsAgain = spec.Decoder is { ReadsAgain: true };
        bool seesAll = readsAgain || (spec.Decoder?.Layers.Any(layer => layer.Mixer is MixerSpec.Latent) ?? false);
        return new SequenceLimits(context, seesAll ? null : Reach(layers, terms.Window));
    }

    /// <summary>The terms without what changes no angle: two sequences of one variant have the same keys and values.</summary>
    public static SequenceTerms Variant(ModelSpec spec, SequenceTerms terms)
    {
        int? length = null;
        foreach (PositionSpec.Rope rope in RopesOf(spec))
        {
            int declared = terms.RopeLength(0);
            length = terms.RopeOf(rope).Scaling switch
            {
                RopeScaling.DynamicNtk dynamic when declared > dynamic.TrainedLength => declared,
                RopeScaling.LongRope longRope when declared > longRope.TrainedLength => int.MaxValue,
                _ => length,
            };
        }

        return terms with { DeclaredLength = length };
    }

    /// <summary>
    /// The rotary positions of the decoder that limit how far it reaches: those of layers that see all of the past, else of any;
    /// null: no layer has any.
    /// </summary>
    public static PositionSpec.Rope? RopeOf(ModelSpec spec) => (spec.Decoder?.Layers ?? [])
        .Where(layer => layer.Mixer.Turning is not null)
        .OrderBy(layer => layer.Mixer is MixerSpec.Attention { Sight: > 0 } ? 1 : 0).FirstOrDefault()?.Mixer.Turning;

    /// <summary>Whether layers turn by different positions, so that one change cannot be meant for all.</summary>
    private static bool HasSeveralRopes(ModelSpec spec) => RopesOf(spec).Distinct().Skip(1).Any();

    private static IEnumerable<PositionSpec.Rope> RopesOf(ModelSpec spec) =>
        (spec.Decoder?.Layers ?? []).Select(layer => layer.Mixer.Turning).OfType<PositionSpec.Rope>();

    /// <summary>Whether a layer sees the window of the sequence instead of its own.</summary>
    private static bool Narrows(AttentionWindow window, MixerSpec.Attention layer) =>
        layer.Chunk <= 0 && (layer.Window <= 0 || window.Size <= layer.Window);

    private static AttentionWindow? Reach(MixerSpec.Attention[] layers, AttentionWindow? window)
    {
        (int size, int sinks) = (0, 0);
        foreach (MixerSpec.Attention layer in layers)
        {
            bool narrows = window is { } own && Narrows(own, layer);
            if (!narrows && layer.Sight <= 0)
                return null;
            size = Math.Max(size, narrows ? window!.Value.Size : layer.Sight);
            sinks = Math.Max(sinks, narrows ? window!.Value.Sinks : 0);
        }

        return layers.Length == 0 ? null : new AttentionWindow(size, sinks);
    }

    private static void CheckWindow(ModelSpec spec, MixerSpec.Attention[] layers, AttentionWindow window, int context)
    {
        if (window.Size < 1)
            throw new SequenceTermsException("Window.Size", window.Size, "1 or more is allowed");
        if (window.Sinks < 0)
            throw new SequenceTermsException("Window.Sinks", window.Sinks, "0 or more is allowed");
        if (spec.Decoder is not { } decoder || layers.Length == 0)
        {
            throw new SequenceTermsException("Window.Size", window.Size,
                $"a {spec.Family} model has no decoder of attention layers, so nothing can have a window");
        }
        int other = decoder.Layers.TakeWhile(layer => layer.Mixer is MixerSpec.Attention).Count();
        if (other < decoder.Layers.Count)
        {
            // What a recurrence has taken in stays in: a window would be kept by some layers and broken by others.
            throw new SequenceTermsException("Window.Size", window.Size,
                $"layer {other} of this {spec.Family} model is a {decoder.Layers[other].Mixer.GetType().Name}, " +
                "which remembers all of the past and can forget none of it");
        }

        if (decoder.Position is not PositionSpec.None)
        {
            throw new SequenceTermsException("Window.Size", window.Size,
                $"a {spec.Family} model adds positions to its embedding, so it cannot go on beyond its table; models with "
                    + "rotary, ALiBi or relative positions can");
        }

        if (layers.All(layer => layer.Position is PositionSpec.None))
        {
            throw new SequenceTermsException("Window.Size", window.Size,
                $"a {spec.Family} model has no positions to keep within a window");
        }
        if (window.Positions > context)
        {
            throw new SequenceTermsException("Window.Size", window.Size,
                $"with {window.Sinks} sinks that is {window.Positions} positions, and the model's context has {context}");
        }

        if (!layers.Any(layer => Narrows(window, layer)))
        {
            throw new SequenceTermsException("Window.Size", window.Size,
                $"the layers of this {spec.Family} model see at most "
                    + $"{layers.Max(layer => layer.Sight)} positions by themselves");
        }
    }

    /// <summary>Returns the context with the changed positions.</summary>
    private static int CheckRope(ModelSpec spec, RopeChange change)
    {
        PositionSpec.Rope? rope = RopeOf(spec);
        if (rope is null)
            throw new SequenceTermsException("Rope", "set", $"a {spec.Family} model has no rotary positions");
        if (HasSeveralRopes(spec))
        {
            throw new SequenceTermsException("Rope", "set",
                $"the layers of a {spec.Family} model turn by several bases, and one change cannot be meant for all");
        }
        if (change.Theta is { } theta && !(theta > 0 && double.IsFinite(theta)))
            throw new SequenceTermsException("Rope.Theta", theta, "a finite number above 0 is allowed");
        if (change.Scaling is { } scaling)
            CheckScaling(scaling, rope.RotaryDim);
        double context = change.Scaling switch
        {
            _ when change.Scaling == rope.Scaling => spec.Context,
            null => Trained(rope, spec.Context),
            RopeScaling.Linear linear => linear.Factor * Trained(rope, spec.Context),
            RopeScaling.Ntk ntk => ntk.Factor * Trained(rope, spec.Context),
            RopeScaling.DynamicNtk => int.MaxValue,
            RopeScaling.Yarn yarn => yarn.Factor * yarn.TrainedLength,
            RopeScaling.Llama3 llama => llama.Factor * llama.TrainedLength,
            _ => spec.Context,
        };
        return (int)Math.Min(context, int.MaxValue);
    }

    /// <summary>The context the model was trained with, before any scaling of its config.</summary>
    /// <param name="rope">Rotary positions of the config; null: none.</param>
    /// <param name="context">Context of the config.</param>
    public static double Trained(PositionSpec.Rope? rope, int context) => rope?.Scaling switch
    {
        null => context,
        RopeScaling.Linear linear => context / linear.Factor,
        RopeScaling.Ntk ntk => context / ntk.Factor,
        RopeScaling.DynamicNtk dynamic => dynamic.TrainedLength,
        RopeScaling.Yarn yarn => yarn.TrainedLength,
        RopeScaling.Llama3 llama => llama.TrainedLength,
        RopeScaling.LongRope longRope => longRope.TrainedLength,
        _ => context,
    };

    private static void CheckScaling(RopeScaling scaling, int rotaryDim)
    {
        (double factor, int? trained) = scaling switch
        {
            RopeScaling.Linear linear => (linear.Factor, (int?)null),
            RopeScaling.Ntk ntk => (ntk.Factor, null),
            RopeScaling.DynamicNtk dynamic => (dynamic.Factor, dynamic.TrainedLength),
            RopeScaling.Yarn yarn => (yarn.Factor, yarn.TrainedLength),
            RopeScaling.Llama3 llama => (llama.Factor, llama.TrainedLength),
            RopeScaling.LongRope longRope => (1, longRope.TrainedLength),
            _ => (1, null),
        };
        if (!(factor >= 1 && double.IsFinite(factor)))
            throw new SequenceTermsException("Rope.Scaling.Factor", factor, "a finite number of at least 1 is allowed");
        if (trained < 1)
            throw new SequenceTermsException("Rope.Scaling.TrainedLength", trained.Value, "1 or more is allowed");
        if (scaling is RopeScaling.Ntk or RopeScaling.DynamicNtk && rotaryDim <= 2)
        {
            throw new SequenceTermsException("Rope.Scaling", scaling.GetType().Name,
                $"it needs more than the {rotaryDim} rotary features of this model");
        }
        if (scaling is RopeScaling.Yarn { AttentionFactor: var sharpness } && !(sharpness > 0 && double.IsFinite(sharpness)))
            throw new SequenceTermsException("Rope.Scaling.AttentionFactor", sharpness, "a finite number above 0 is allowed");
        if (scaling is RopeScaling.Yarn { BetaFast: var fast, BetaSlow: var slow }
            && !(slow > 0 && fast >= slow && double.IsFinite(fast)))
        {
            throw new SequenceTermsException("Rope.Scaling.BetaFast", fast,
                FormattableString.Invariant($"at least BetaSlow, {slow}, which must be above 0, is allowed"));
        }
        if (scaling is RopeScaling.LongRope longer
            && (longer.ShortFactors.Length != rotaryDim / 2 || longer.LongFactors.Length != rotaryDim / 2))
        {
            throw new SequenceTermsException("Rope.Scaling.LongFactors", longer.LongFactors.Length,
                $"{rotaryDim / 2} factors, short and long, are needed: one for each pair of rotary features");
        }
    }
}
