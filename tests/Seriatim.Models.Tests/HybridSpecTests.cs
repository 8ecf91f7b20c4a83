namespace Seriatim.Models.Tests;

/// <summary>Layers are asked for what concerns them; whoever can say a thing only once says which layers do not agree.</summary>
public sealed class HybridSpecTests
{
    private static readonly NormSpec Norm = new(NormKind.Rms, 1e-6f, Bias: false, 0);
    private static readonly FeedForwardSpec Inner = new FeedForwardSpec.Dense(8, Activation.Relu, Bias: false);
    private static readonly MixerSpec.Attention Attention = new(2, 1, 8,
        0.5f)
    { Position = new PositionSpec.Rope(10000, 8, RopePairing.HalfSplit, null) };

    [Fact]
    public void TheKindsOfMemoryFollowFromTheLayers()
    {
        StackSpec stack = Stack(Attention, new MixerSpec.GatedRecurrence(5), Attention with { KeyValueHeads = 2 },
            new MixerSpec.GatedRecurrence(30), Attention);
        var layout = new MemoryLayout(stack);
        Assert.Equal(["pages", "states", "pages"], layout.Kinds.Select(kind => kind.Name));
        Assert.Equal([(0, 0), (1, 0), (2, 0), (1, 1), (0, 1)],
            Enumerable.Range(0, 5).Select(layout.OfMixer).Select(place => (place.Kind, place.Layer)));
        Assert.Equal([2, 2, 1], layout.Kinds.Select(kind => kind.Layers));
        Assert.Equal(StateStorage.BytesPerSlot([5, 30]), layout.Kinds[1].BytesPerState);
    }

    /// <summary>A layer with several states has numbers that follow each other, beside those of others.</summary>
    [Fact]
    public void LayersOfSeveralStatesHaveNumbersThatFollowEachOther()
    {
        var mamba = new MixerSpec.Mamba(20, 3, 4, 2);
        var layout = new MemoryLayout(Stack(mamba, new MixerSpec.GatedRecurrence(5), Attention, mamba with { Kernel = 2 }));
        Assert.Equal([(0, 0), (0, 2), (1, 0), (0, 3)],
            Enumerable.Range(0, 4).Select(layout.OfMixer).Select(place => (place.Kind, place.Layer)));
        Assert.Equal(StateStorage.BytesPerSlot([3 * 20, 32 * 3, 5, 20, 32 * 3]), layout.Kinds[0].BytesPerState);
        Assert.Equal(3, layout.Kinds[0].Layers);
    }

    /// <summary>Steps of a fresh layer are no part of what a model computes.</summary>
    [Fact]
    public void WhatOnlyARandomStartReadsIsNoDifference()
    {
        ModelSpec Of(MixerSpec.Mamba mamba) => Model(Stack(mamba));
        var mamba = new MixerSpec.Mamba(20, 3, 4, 2);
        Assert.Empty(SpecComparer.Differences(
            Of(mamba), Of(mamba with { Steps = new StepRange(0.1f, 0.2f, 0) }), (a, b) => a == b));
        Assert.NotEmpty(SpecComparer.Differences(Of(mamba), Of(mamba with { NormEpsilon = 1e-6f }), (a, b) => a == b));
    }

    [Fact]
    public void LayersThatDisagreeAreNamed()
    {
        StackSpec stack = Stack(Attention, Attention, Attention with { HeadDim = 16 });
        string message = Assert.Throws<NotSupportedException>(() =>
            stack.AgreedAttention("head dimension", a => a.HeadDim)).Message;
        Assert.Contains("Layer 0 has head dimension 8, layer 2 has 16", message);
        Assert.Equal(2, stack.AgreedAttention("heads", a => a.Heads));
        StackSpec hybrid = Stack(Attention, new MixerSpec.GatedRecurrence(5));
        Assert.Contains("GatedRecurrence", Assert.Throws<NotSupportedException>(() => hybrid.AgreedAttention()).Message);
        StackSpec bare = hybrid with { Layers = [.. hybrid.Layers.Select(layer => layer with { FeedForward = null })] };
        Assert.Contains("nothing",
            Assert.Throws<NotSupportedException>(() => bare.AgreedFeedForward<FeedForwardSpec.Dense>()).Message);
        Assert.Equal([0], hybrid.AttentionLayers().Select(layer => layer.Layer));
    }

    [Fact]
    public void AWindowOnALayerThatForgetsNothingIsRefusedByName()
    {
        ModelSpec model = Model(Stack(Attention, Attention, new MixerSpec.GatedRecurrence(5)));
        var error = Assert.Throws<SequenceTermsException>(() =>
            TermsReader.Limits(model, new SequenceTerms { Window = new(8, 2) }));
        Assert.Contains("layer 2 of this tiny model is a GatedRecurrence", error.Message);
        Assert.Throws<SequenceTermsException>(() =>
            TermsReader.Limits(Model(Stack(new MixerSpec.GatedRecurrence(5))), new SequenceTerms { Window = new(8, 2) }));

        // Windows that layers have of themselves are theirs: pages beyond them are given back, states know nothing of it.
        ModelSpec own = Model(Stack(Attention with { Window = 7 }, new MixerSpec.GatedRecurrence(5)));
        Assert.Equal(new AttentionWindow(7, 0), TermsReader.Limits(own, SequenceTerms.None).Reach);
    }

    [Fact]
    public void ARecurrenceDoesNotGoBothWays()
    {
        ModelSpec model = Model(Stack(new MixerSpec.GatedRecurrence(5)) with { Visibility = Visibility.Full });
        var names = new NameTable { { "encoder.embed", "embed" }, { "embed", "embed" }, { "encoder.layers.*.norm1", "norm" } };
        ModelSpec encoder = model with { Encoder = model.Decoder, Decoder = null };
        string message = Assert.Throws<NotSupportedException>(() =>
            Seriatim.Models.Model.Build(encoder, names, new ModelConfig(), new RandomSource(1))).Message;
        Assert.Contains("goes one way only", message);
    }

    [Fact]
    public void DifferencesOfHybridsAreNamed()
    {
        ModelSpec own = Model(Stack(Attention, new MixerSpec.GatedRecurrence(5)));
        ModelSpec other = own with
        {
            Decoder = own.Decoder! with
            {
                Layers = [own.Decoder.Layers[0] with { FeedForward = null },
                    own.Decoder.Layers[1] with { Mixer = new MixerSpec.GatedRecurrence(6) }],
            },
        };
        Assert.Equal(["decoder.layer.feed-forward", "decoder.layer.attention"],
            SpecComparer.Differences(own, other, (a, b) => a == b).Select(d => d.Field));
    }

    private static ModelSpec Model(StackSpec stack) =>
        new("tiny", ModelTask.CausalLanguageModel, null, stack, new HeadSpec(11), 64);

    private static StackSpec Stack(params MixerSpec[] mixers) =>
        new(11, 16, Visibility.Causal, [.. mixers.Select(mixer => new LayerSpec(Placement.Pre, Norm, mixer, Inner))]);
}
