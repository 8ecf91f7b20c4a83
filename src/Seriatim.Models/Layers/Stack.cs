namespace Seriatim.Models;

/// <summary>An encoder or decoder: embedding, layers, final norm.</summary>
internal sealed class Stack : IDisposable
{
    private readonly EmbeddingWeight? _embedding;
    private readonly StackSpec _spec;
    private readonly PositionTable? _positions;
    private readonly EmbeddingWeight? _leading;
    private readonly EmbeddingWeight? _types;
    private readonly NormLayer? _embeddingNorm;
    private readonly LinearWeight? _projectIn;
    private readonly LinearWeight? _projectOut;
    private readonly NormLayer? _finalNorm;
    private readonly Block?[] _blocks;
    private readonly ModelStage _stage;
    private readonly MemoryLayout _memory;
    private readonly LayerInputs? _layerInputs;

    /// <param name="weights">The path of the stack.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="embedding">The token embedding, which may belong to several stacks and the head.</param>
    /// <param name="leading">
    /// A table whose first entry is what the first row of every sequence is, whatever its token; null: tokens are.
    /// </param>
    /// <param name="stage">The layers that are here; null: all. The first stage has what is no layer, others have not.</param>
    public Stack(WeightBuilder weights, StackSpec spec, EmbeddingWeight? embedding, EmbeddingWeight? leading = null,
        ModelStage? stage = null)
    {
        (_spec, _embedding, _leading) = (spec, embedding, leading);
        _stage = stage ?? new ModelStage(0, spec.Layers.Count);
        if (_stage.IsFirst)
        {
            _positions = PositionTable.Of(weights, spec);
            if (spec.TokenTypes > 0)
            {
                _types = weights.Embedding(
                    "types", spec.TokenTypes, spec.StartWidth, tied: false, $"type_vocab_size {spec.TokenTypes}");
            }

            if (spec.FactorsEmbedding || (spec.EmbeddingWidth != spec.Width && spec.ProjectsEmbedding))
            {
                string why = $"embedding width {spec.EmbeddingWidth}, hidden size {spec.Width}";
                _projectIn = weights.Linear("project_in", spec.Width, spec.EmbeddingWidth, spec.FactorsEmbedding, why);
                if (!spec.FactorsEmbedding)
                    _projectOut = weights.Linear("project_out", spec.EmbeddingWidth, spec.Width, bias: false, why);
            }

            _embeddingNorm = NormLayer.Build(weights, "embed_norm", spec.EmbeddingNorm,
                spec.FactorsEmbedding ? spec.EmbeddingWidth : spec.InputWidth(0));
        }

        AttentionBias? bias = Bias(weights, spec);
        RequireAgreement(spec);
        _memory = new MemoryLayout(spec, stage);
        if (spec.LayerInputs is { } inputs && _stage.IsFirst)
            _layerInputs = new LayerInputs(weights, inputs, spec.Width, spec.Layers.Count);
        _blocks = new Block?[spec.Layers.Count];
        for (int i = _stage.First; i < _stage.End; i++)
        {
            RequireServed(spec, i);
            RequireKeys(spec, i);
            RequireWidth(spec, i);
            if (spec.Layers[i].SharesWith is { } other)
            {
                RequireShared(spec, i, other);
                _blocks[i] = _blocks[other];
                continue;
            }

            _blocks[i] = Block.Build(new BlockPart(
                weights.At("layers", i), spec.Layers[i], spec.Width, bias, _memory.OfParts(i), _memory.OfCross(i))
            {
                Inputs = spec.InputWidth(i),
                Number = i,
                IsRead = spec.Layers.Any(layer => layer.Mixer.MemoryOf == i),
                LayerInputs = spec.LayerInputs,
            });
        }

        int last = spec.HasHalves ? spec.OutputWidth : spec.Width;
        if (_stage.IsFirst)
            _finalNorm = NormLayer.Build(weights, "norm", spec.FinalNorm, last);
    }

    /// <summary>What its layers remember.</summary>
    public MemoryLayout Memory => _memory;

    /// <summary>
    /// Hidden rows of the last layer, after the final norm: <c>[N, E]</c>, or <c>[N, 2E]</c> if the stream has two halves.
    /// </summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="batch">The rows.</param>
    /// <param name="inputs">What there is besides.</param>
    public Tensor Forward(IOps ops, RaggedBatch batch, in ForwardInputs inputs)
    {
        Action<int, Tensor>? trace = inputs.Trace;
        using var plan = new ForwardPlan(ops.Device, batch, inputs, _memory);
        Tensor x = plan.Drop(ops, Embed(ops, plan), plan.Rates.Embedding);
        if (_spec.HasHalves)
            x = Replace(x, ops.JoinColumns(x, x));
        try
        {
            plan.LayerInputs = _layerInputs?.Of(ops, x, plan);
            trace?.Invoke(0, x);
            for (int i = 0; i < _blocks.Length; i++)
            {
                x = Replace(x, _blocks[i]!.Run(ops, x, plan, i));
                trace?.Invoke(i + 1, x);
            }

            plan.EnterLayer(_blocks.Length);
            x = Replace(x, _finalNorm!.Forward(ops, x, plan));
            x = plan.Drop(ops, x, plan.Rates.Final);
            return _projectOut is null ? x : Replace(x, ops.Linear(x, _projectOut, plan.Groups));
        }
        catch
        {
            x.Dispose();
            throw;
        }
    }

    /// <summary>The layers that are here, outside training: the seam at which a model is cut.</summary>
    /// <param name="ops">The device.</param>
    /// <param name="batch">The rows.</param>
    /// <param name="before">What the stage before made of them; null: this is the first one.</param>
    /// <param name="groups">The groups of the rows: their adapters; null: none.</param>
    /// <param name="passed">Called after each layer.</param>
    public StageRows RunStage(IOps ops, RaggedBatch batch, StageRows? before, RowGroups? groups, Action? passed)
    {
        using var plan = new ForwardPlan(ops.Device, batch, new ForwardInputs(null, null, groups), _memory);
        Tensor x = before?.Stream.Retain() ?? Embed(ops, plan);
        try
        {
            plan.LayerInputs = before is null ? _layerInputs?.Of(ops, x, plan) : before.LayerInputs?.Retain();
            plan.FirstLayerInput = _stage.First;
            for (int i = _stage.First; i < _stage.End; i++)
            {
                x = Replace(x, _blocks[i]!.Run(ops, x, plan, i));
                passed?.Invoke();
            }

            return new StageRows(x, Left(ops, plan));
        }
        catch
        {
            x.Dispose();
            throw;
        }
    }

    /// <summary>Inputs of the layers after this stage; null: there are none.</summary>
    private Tensor? Left(IOps ops, ForwardPlan plan)
    {
        if (_spec.LayerInputs is not { } inputs || plan.LayerInputs is not { } all || _stage.End == _blocks.Length)
            return null;
        int used = _stage.Count * inputs.Width;
        return ops.Columns(all, used, all.Columns - used);
    }

    /// <summary>What the last layer's rows become, of any rows of the residual stream, outside training.</summary>
    /// <param name="ops">The device.</param>
    /// <param name="x">The rows.</param>
    /// <param name="groups">Their groups; null: none.</param>
    public Tensor Finish(IOps ops, Tensor x, RowGroups? groups)
    {
        Tensor normed = _finalNorm!.Forward(ops, x);
        return _projectOut is null ? normed : Replace(normed, ops.Linear(normed, _projectOut, groups));
    }

    /// <summary>Gives back what is not a parameter of the model: the fixed table of positions.</summary>
    public void Dispose()
    {
        if (_spec.Position is PositionSpec.Sinusoidal)
            _positions?.Dispose();
    }

    private Tensor Embed(IOps ops, ForwardPlan plan)
    {
        Tensor x = ops.Embed(_embedding!, plan.Batch.Tokens);
        if (_spec.EmbeddingScale != 1)
            x = Replace(x, ops.Scale(x, _spec.EmbeddingScale));
        if (_projectIn is not null && !_spec.FactorsEmbedding)
            x = Replace(x, ops.Linear(x, _projectIn, plan.Groups));
        if (_types is not null)
        {
            using Tensor types = ops.Embed(_types, plan.Batch.TokenTypes);
            x = Replace(x, ops.Add(x, types));
        }

        if (_positions is not null)
        {
            using Tensor positions = _positions.Rows(ops, plan);
            x = Replace(x, ops.Add(x, positions));
        }

        if (_leading is not null)
            x = Replace(x, LeadingRows.Put(ops, x, _leading, plan.Batch));

        x = _embeddingNorm!.Replace(ops, x, plan);
        return _projectIn is null || !_spec.FactorsEmbedding ? x : Replace(x, ops.Linear(x, _projectIn, plan.Groups));
    }

    private static Tensor Replace(Tensor old, Tensor next)
    {
        old.Dispose();
        return next;
    }

    /// <summary>Layers that read halves of the stream stand beside no others.</summary>
    private static void RequireAgreement(StackSpec spec)
    {
        int other = spec.Layers.TakeWhile(layer => (layer.Placement == Placement.Reversible) == spec.HasHalves).Count();
        if (other < spec.Layers.Count)
        {
            throw new NotSupportedException(
                $"Layer {other} is {spec.Layers[other].Placement}, layer 0 {spec.Layers[0].Placement}; all layers of a stack " +
                $"must be {Placement.Reversible}, or none.");
        }

        if (spec.HasHalves && spec.EmbeddingWidth != spec.Width)
        {
            throw new NotSupportedException(
                $"Reversible layers with an embedding of {spec.EmbeddingWidth} features beside a width of {spec.Width} are " +
                "not built.");
        }
    }

    /// <summary>A recurrence goes one way only, and other mixers need the whole sequence.</summary>
    private static void RequireServed(StackSpec spec, int layer)
    {
        if (spec.Layers[layer].Mixer is var mixer && mixer.Serves(spec.Visibility))
            return;
        throw new NotSupportedException(spec.Visibility == Visibility.Full
            ? $"Layer {layer} of a stack whose rows all see each other is a {mixer.GetType().Name}, " +
                "which goes one way only; attention is needed there."
            : $"Layer {layer} of a stack whose rows see the past alone is a {mixer.GetType().Name}, " +
                "which needs the whole sequence; it belongs into an encoder.");
    }

    /// <summary>Layers of the same weights are one layer, which in a decoder would remember two things.</summary>
    private static void RequireShared(StackSpec spec, int layer, int other)
    {
        if (other < 0 || other >= layer || spec.Visibility != Visibility.Full
            || spec.Layers[layer] with { SharesWith = null } != spec.Layers[other] with { SharesWith = null })
        {
            throw new NotSupportedException(
                $"Layer {layer} shares the weights of layer {other}; an earlier layer of the same shape, in a stack whose rows " +
                "all see each other, is needed.");
        }
    }

    /// <summary>Who reads the keys of another layer needs one before it whose keys are of its kind.</summary>
    private static void RequireKeys(StackSpec spec, int layer)
    {
        if (spec.Layers[layer].Mixer is not MixerSpec.Attention { KeysOf: { } other } own)
            return;
        if ((uint)other < (uint)layer && spec.Layers[other].Mixer is MixerSpec.Attention { KeysOf: null } source
            && (source.KeyValueHeads, source.HeadDim) == (own.KeyValueHeads, own.HeadDim))
            return;
        throw new NotSupportedException(
            $"Layer {layer} reads the keys and values of layer {other}; a layer of attention before "
                + $"it with {own.KeyValueHeads} key/value heads of {own.HeadDim} of its own is needed there.");
    }

    /// <summary>Only a layer that is its mixer alone may take rows of another width than it makes.</summary>
    private static void RequireWidth(StackSpec spec, int layer)
    {
        (LayerSpec of, int width) = (spec.Layers[layer], spec.Width);
        if (of.Mixer.Makes is { } makes && makes != width)
        {
            throw new NotSupportedException(
                $"Layer {layer}, {of.Mixer.InWords}, makes rows of {makes} features in a stack of {width}; {width} are needed.");
        }

        if (spec.InputWidth(layer) != width && (of is not { Norm: null, Residual: false } || of.Mixer.Makes is null))
        {
            throw new NotSupportedException(
                $"Layer {layer}, {of.Mixer.InWords}, takes rows of {spec.InputWidth(layer)} features in a stack of {width}; a " +
                "recurrent layer without norm and residual is needed there.");
        }
    }

    /// <summary>The bias of scores, one for the whole stack: its attention layers must agree on it.</summary>
    private static AttentionBias? Bias(WeightBuilder weights, StackSpec spec)
    {
        MixerSpec.Attention[] layers = [.. spec.AttentionLayers().Select(l => l.Attention)];
        if (!Array.Exists(layers, layer => layer.Position is PositionSpec.RelativeBias or PositionSpec.Alibi))
            return null;
        (int heads, PositionSpec position) = (layers[0].Heads, layers[0].Position);
        foreach (MixerSpec.Attention layer in layers)
        {
            if ((layer.Heads, layer.Position) != (heads, position))
            {
                throw new NotSupportedException(
                    $"The attention layers of a stack share one bias of scores; {layer.Heads} heads with {layer.Position} and " +
                    $"{heads} heads with {position} do not agree.");
            }
        }

        return position is PositionSpec.RelativeBias relative
            ? new AttentionBias.Relative(
                weights.Table("relative_bias", relative.Buckets, heads, $"{relative.Buckets} buckets, {heads} heads"),
                relative.Bidirectional, relative.MaxDistance)
            : new AttentionBias.Alibi(AlibiSlopes(heads, (PositionSpec.Alibi)position));
    }

    /// <summary>
    /// <c>2^(-8h/H)</c> for h from 1 where H is a power of two; else those of the next smaller power, then every second one of
    /// the
    /// next larger (Press et al., 2021, reference code).
    /// </summary>
    internal static float[] AlibiSlopes(int heads, PositionSpec.Alibi alibi)
    {
        int power = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)heads + 1) / 2;
        int larger = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)heads);
        float[] slopes = new float[heads];
        for (int h = 0; h < heads; h++)
        {
            double exponent = h < power ? -alibi.MaxBias * (double)(h + 1) / power
                : -alibi.MaxBias / 2.0 * (2 * (h - power) + 1) / power;
            if (alibi.EverySecondFirst && larger != heads)
                exponent = -alibi.MaxBias * (double)(h < larger / 2 ? 2 * h + 2 : 2 * (h - larger / 2) + 1) / larger;
            slopes[h] = (float)(alibi.Scale * PlainMath.Pow(2, exponent));
        }

        return slopes;
    }
}
