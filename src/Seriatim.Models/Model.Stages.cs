namespace Seriatim.Models;

/// <summary>A model whose layers are cut across processes (decision 045).</summary>
public sealed partial class Model
{
    /// <summary>The layers that are here; null: all.</summary>
    public ModelStage? Stage { get; }

    /// <summary>What the parts of a model take in its files, read from their headers alone.</summary>
    /// <param name="folder">What <see cref="Load"/> is given.</param>
    /// <exception cref="ModelFormatException">A file is missing or damaged.</exception>
    /// <exception cref="ModelException">The architecture is unknown, or the config not fully supported.</exception>
    public static ModelSizes Measure(string folder)
    {
        if (IsGguf(folder))
            return GgufLoader.Measure(folder);
        using SafetensorsCheckpoint checkpoint = OpenFolder(
            folder, out ModelSpec spec, out NameTable names, out ModelConfig config);
        return ModelSizes.Of(spec, names, config.Json, checkpoint.Entries.Select(entry => (entry.Name, entry.ByteLength)),
            checkpoint.Files.Select(file => file.Path).Prepend(Path.Combine(folder, ConfigFileName)));
    }

    /// <summary>
    /// The layers of this stage: from tokens, or from what the stage before made, to what the next one takes. Memories of the
    /// batch are written, not committed.
    /// </summary>
    /// <param name="ops">The device.</param>
    /// <param name="batch">The rows; of later stages as <see cref="StagePass.Read"/> gives them.</param>
    /// <param name="before">What the stage before made; null: this is the first one.</param>
    /// <param name="passed">Called after each layer, e.g. to let messages move on.</param>
    /// <exception cref="InvalidOperationException">There is no stage, or rows and stage do not fit.</exception>
    /// <exception cref="TokenOutOfRangeException">An id is not in the vocabulary.</exception>
    /// <exception cref="ContextLengthException">A sequence is longer than the context.</exception>
    /// <exception cref="SequenceTermsException">A sequence asks for an adapter that is not there.</exception>
    public StageRows RunStage(IOps ops, RaggedBatch batch, StageRows? before, Action? passed = null)
    {
        ArgumentNullException.ThrowIfNull(ops);
        ArgumentNullException.ThrowIfNull(batch);
        if (Stage is not { } stage || stage.IsFirst != before is null)
        {
            throw new InvalidOperationException(
                $"This is {Stage?.ToString() ?? "a whole model"}, and {(before is null ? "no rows" : "rows")} of a stage before "
                    + "are given; the first stage alone begins with tokens.");
        }

        if (before is null)
            Check(Spec.Last, batch);
        bool areWanted = ModelAdapters.AreWanted(batch);
        using ModelAdapters.Holding held = _adapters.Hold(areWanted);
        return _decoder!.RunStage(ops, batch, before, areWanted ? _adapters.GroupsOf(batch) : null, passed);
    }

    /// <summary>
    /// What <see cref="Forward(IOps, RaggedBatch, Tensor?)"/> gives, of what the last stage made: the last norm, which the first
    /// stage has.
    /// </summary>
    /// <param name="ops">The device.</param>
    /// <param name="batch">The rows that the first stage began with.</param>
    /// <param name="stream">Rows of the residual stream after the last layer, <c>[N, E]</c>.</param>
    public Tensor FinishStages(IOps ops, RaggedBatch batch, Tensor stream)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (Stage is not { IsFirst: true })
        {
            throw new InvalidOperationException(
                $"This is {Stage?.ToString() ?? "a whole model"}; the first stage has the last norm.");
        }

        if (!ModelAdapters.AreWanted(batch))
            return _decoder!.Finish(ops, stream, null);
        using ModelAdapters.Holding held = _adapters.Hold(areWanted: true);
        RowGroups? groups = _adapters.GroupsOf(batch);
        Tensor hidden = _decoder!.Finish(ops, stream, groups);
        hidden.Groups = groups;
        return hidden;
    }

    /// <summary>
    /// Adds what of an adapter adds to the weights of this stage. The first stage is given all of it, checks all of it, and takes
    /// its part; the others are given theirs under the same name before a pass asks for it.
    /// </summary>
    /// <param name="name">The adapter's name.</param>
    /// <param name="factors">What it adds to which weights; of a later stage those that are here, or nothing.</param>
    /// <param name="elsewhere">Shapes of the weights in the other stages; of a later stage nothing.</param>
    /// <exception cref="ArgumentException">
    /// The name is taken, or was, a path is not of this model, or shapes do not fit.
    /// </exception>
    public void AddStageAdapter(string name, IReadOnlyDictionary<string, LowRankFactors> factors,
        IReadOnlyDictionary<string, LinearShape> elsewhere)
    {
        ArgumentNullException.ThrowIfNull(factors);
        ArgumentNullException.ThrowIfNull(elsewhere);
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (Stage is not { IsFirst: false })
            ModelAdapters.RequireSome(name, factors);
        Dictionary<string, LowRankFactors> own = new(StringComparer.Ordinal);
        foreach ((string path, LowRankFactors added) in factors)
        {
            if (elsewhere.TryGetValue(path, out LinearShape shape))
                ModelAdapters.Check(name, path, added, shape);
            else
                own.Add(path, added);
        }

        _adapters.Add(name, own, ModelFingerprint.Of(factors));
    }

    /// <summary>What of <see cref="Fingerprint"/> follows from the layers of this stage.</summary>
    public byte[] FingerprintPart() => ModelFingerprint.PartOf(this);

    /// <summary>Makes the fingerprint of the whole model of those parts that are in other processes.</summary>
    /// <param name="others">What <see cref="FingerprintPart"/> gave in the stages that follow, in their order.</param>
    public void JoinFingerprint(IReadOnlyList<byte[]> others) => _fingerprint = ModelFingerprint.Of(this, others);

    /// <summary>Refuses a stage that the model does not have.</summary>
    private static void RequireStage(ModelSpec spec, ModelStage stage)
    {
        StageCut.Require(spec);
        if (stage.First < 0 || stage.Count < 1 || stage.End > spec.Last.Layers.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(stage), $"{stage.First} to {stage.End - 1}",
                $"This {spec.Family} model has the layers 0 to {spec.Last.Layers.Count - 1}.");
        }
    }

    private string WholeFingerprint()
    {
        RequireWhole("knows a part of the fingerprint alone");
        return ModelFingerprint.Of(this);
    }

    private void RequireWhole(string what)
    {
        if (Stage is { } stage && stage.Count < Spec.Last.Layers.Count)
        {
            throw new NotSupportedException(
                $"This process has {stage} of the {Spec.Last.Layers.Count} layers of a {Spec.Family} model, and {what}; run the "
                    + "model in one process.");
        }
    }
}
