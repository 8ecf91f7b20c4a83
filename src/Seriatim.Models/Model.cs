using System.Text.Json;

namespace Seriatim.Models;

/// <summary>
/// A model: its spec, its weights, and the one forward pass that serves training, prefill, decoding and verification.
/// Decoder-only, encoder-only and encoder-decoder models are used alike.
/// </summary>
/// <remarks>Forward passes do not change the model and may run on several threads, each with its own batch and
/// memories.</remarks>
public sealed partial class Model : IDisposable
{
    /// <summary>Name of the config in a model folder.</summary>
    public const string ConfigFileName = "config.json";

    private readonly Stack? _encoder;
    private readonly Stack? _decoder;
    private readonly Head? _head; // null: a later stage
    private readonly LengthPredictor? _lengths;
    private string? _fingerprint;
    private readonly MemoryLayout? _memory; // null: nothing is remembered
    private readonly ModelAdapters _adapters;

    private Model(ModelSpec spec, ModelConfig config, WeightBuilder weights, ModelStage? stage)
    {
        (Spec, Config, Device, Stage) = (spec, config, weights.Device, stage);
        if (stage is not null)
            RequireStage(spec, stage);
        EmbeddingWeight? shared = stage is { IsFirst: false } ? null : Embedding(weights, spec);
        if (spec.MaskPredict is { } masks)
            _lengths = new LengthPredictor(weights, masks.Length, spec.Encoder!);
        if (spec.Encoder is { } encoder)
            _encoder = new Stack(StackPath(weights, spec, "encoder"), encoder, shared, _lengths?.Leading);
        if (spec.Decoder is { } decoder)
            _decoder = new Stack(StackPath(weights, spec, "decoder"), decoder, shared, stage: stage);
        if (spec.Last.Visibility != Visibility.Full)
            _memory = new MemoryLayout(spec.Last, stage);
        if (shared is not null)
            _head = new Head(weights, spec.Head, spec.Last.OutputWidth, shared);
        Parameters = weights.Parameters;
        Matrices = [.. weights.Matrices.Select(m => m.Matrix)];
        MatrixPaths = [.. weights.Matrices.Select(m => m.Path)];
        _adapters = new ModelAdapters(Device, weights.Linears);
        LinearPaths = [.. weights.Linears.Keys];
        _linears = weights.Linears;
    }

    /// <summary>The shape of the model.</summary>
    public ModelSpec Spec { get; }

    /// <summary>Whose memory the weights are in: the device of the ops that run the model.</summary>
    public Device Device { get; }

    /// <summary>Ids, labels and training values of the config.</summary>
    public ModelConfig Config { get; }

    /// <summary>All parameters in the order they were built, each with its place in checkpoints; tied ones once.</summary>
    public IReadOnlyList<ModelParameter> Parameters { get; }

    /// <summary>Matrices in quantised blocks; tied ones once. They cannot be trained.</summary>
    public IReadOnlyList<QuantizedMatrix> Matrices { get; }

    /// <summary>The path of each of <see cref="Matrices"/> in the model, e.g. <c>layers.3.mlp.experts.0.up</c>.</summary>
    public IReadOnlyList<string> MatrixPaths { get; }

    /// <summary>The path of each linear weight in the model, e.g. <c>layers.3.attention.q</c>: where adapters may add.</summary>
    public IReadOnlyList<string> LinearPaths { get; }

    /// <summary>The shape of each linear weight that is here, by its path.</summary>
    public IReadOnlyDictionary<string, LinearShape> LinearShapes => _linears.ToDictionary(
        one => one.Key, one => new LinearShape(one.Value.Outputs, one.Value.Inputs), StringComparer.Ordinal);

    /// <summary>How the matrices of the file it was loaded from are used; empty if there was none.</summary>
    public IReadOnlyList<TensorUse> TensorUses { get; private set; } = [];

    /// <summary>What else the file held, and why it was left there.</summary>
    public IReadOnlyList<SkippedTensor> SkippedTensors { get; private set; } = [];

    /// <summary>Names of the adapters that sequences may ask for (<see cref="SequenceTerms.Adapter"/>).</summary>
    public IReadOnlyList<string> Adapters => _adapters.Names;

    /// <summary>
    /// A short name for what the model computes, 32 hexadecimal digits: equal for the same architecture, shapes and weights
    /// (as far as some rows of each tell), whatever the file. A request can go on only with a model of the same.
    /// </summary>
    /// <remarks>
    /// Of a stage: that of the whole model once it was told of the others (<see cref="JoinFingerprint"/>).
    /// </remarks>
    /// <exception cref="NotSupportedException">It is a stage, and was not told of the others.</exception>
    public string Fingerprint => _fingerprint ??= WholeFingerprint();

    /// <summary>The same with an adapter: two digests with a plus sign between.</summary>
    /// <param name="adapter">One of <see cref="Adapters"/>; null: none.</param>
    /// <exception cref="SequenceTermsException">There is no adapter of that name.</exception>
    public string FingerprintOf(string? adapter) =>
        adapter is null ? Fingerprint : $"{Fingerprint}+{_adapters.FingerprintOf(adapter)}";

    /// <summary>Number of trained values.</summary>
    public long ParameterCount =>
        Parameters.Where(p => !p.IsConstant).Sum(p => (long)p.Parameter.Rows * p.Parameter.Columns)
        + Matrices.Sum(m => (long)m.Rows * m.Columns);

    /// <summary>Bytes of all weights in memory.</summary>
    public long WeightBytes => Parameters.Sum(p => p.Parameter.Data.Bytes) + Matrices.Sum(m => m.Bytes);

    /// <summary>Bytes that one position of one sequence takes in memory for the layers' own keys and values, in F32.</summary>
    public long BytesPerPosition => BytesPerPositionIn(KeyValueType.F32);

    /// <summary>The rotary scaling of the config; null: none, or no rotary positions.</summary>
    public RopeScaling? RopeScaling => TermsReader.RopeOf(Spec)?.Scaling;

    /// <summary>Positions the model was trained with, before any rotary scaling of its config.</summary>
    public int TrainedContext => (int)Math.Min(TermsReader.Trained(TermsReader.RopeOf(Spec), Spec.Context), int.MaxValue);

    /// <summary>
    /// Bytes that one position of one sequence takes in memory for the layers' own keys and values; of a model that has
    /// none, those of a position of its source.
    /// </summary>
    /// <param name="type">How they are stored.</param>
    public long BytesPerPositionIn(KeyValueType type)
    {
        long own = _memory?.Kinds.Sum(kind => kind.BytesPerPosition(type)) ?? 0;

        // Whoever has pages of the encoder's output alone sizes pages by those.
        return own > 0 ? own : _memory?.Kinds.Sum(kind => kind.BytesPerSourcePosition(type)) ?? 0;
    }

    /// <summary>Bytes of the states of all recurrent layers of one sequence; 0: there are none.</summary>
    public long BytesPerState => _memory?.Kinds.Sum(kind => kind.BytesPerState) ?? 0;

    /// <summary>
    /// Loads a model folder in the Hugging Face layout (<c>config.json</c> and safetensors), or a <c>.gguf</c> file (any file of
    /// a split). Of a model of texts and pictures or sounds (a config with <c>text_config</c>) the text model alone is loaded.
    /// </summary>
    /// <exception cref="ModelFormatException">A file is missing or damaged.</exception>
    /// <exception cref="ModelException">The architecture is unknown, the config not fully supported, or the weights do not fit
    /// it.</exception>
    public static Model Load(string folder, ModelLoadOptions? options = null)
    {
        options ??= new ModelLoadOptions();
        if (IsGguf(folder))
            return GgufLoader.Load(folder, options);
        using SafetensorsCheckpoint checkpoint = OpenFolder(
            folder, out ModelSpec spec, out NameTable names, out ModelConfig config);
        names.Stage = options.Stage;
        PackCache? cache = PackCache.Open(
            options, checkpoint.Files.Select(file => file.Path).Prepend(Path.Combine(folder, ConfigFileName)));
        var load = new LoadWork(cache, names.BytesOf(checkpoint.Entries.Select(entry => (entry.Name, entry.ByteLength))),
            options.Progress);
        var source = new CheckpointSource(checkpoint, options.Storage, names, config.Coding, load);
        return Kept(cache, () => Build(options.Apply(spec), names, config, source, options.Device));
    }

    /// <summary>Builds a model with a cache of packed matrices, which lives as long as the model.</summary>
    internal static Model Kept(PackCache? cache, Func<Model> build)
    {
        Model? model = null;
        try
        {
            model = build();
            cache?.Complete();
            if (cache is not null)
                model.Owner = cache;
            return model;
        }
        catch
        {
            model?.Dispose();
            cache?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Whether a path names a GGUF file: by its ending or, as stores that name files by their
    /// hash have no endings, by its first bytes.
    /// </summary>
    public static bool IsGguf(string path)
    {
        if (path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            return true;
        if (!File.Exists(path))
            return false;
        using FileStream file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[4];
        return file.ReadAtLeast(start, 4, throwOnEndOfStream: false) == 4 && start.SequenceEqual("GGUF"u8);
    }

    /// <summary>Makes a model from a config with other weights than a checkpoint's, e.g. <see cref="RandomSource"/>.</summary>
    /// <param name="configName">What messages call the config.</param>
    /// <param name="json">The config, UTF-8.</param>
    /// <param name="source">Where the weights come from.</param>
    /// <param name="device">Whose memory they are in; null: the CPU's.</param>
    /// <exception cref="ModelException">The architecture is unknown, or the config not fully supported.</exception>
    public static Model Create(string configName, ReadOnlyMemory<byte> json, IWeightSource source, Device? device = null)
    {
        using JsonDocument document = LenientJson.Parse(json, configName);
        (ModelSpec spec, NameTable names, ModelConfig config) = ReadConfig(configName, document.RootElement);
        return Build(spec, names, config with { Json = json }, source, device);
    }

    /// <summary>Makes a model from a spec.</summary>
    /// <param name="spec">The shape.</param>
    /// <param name="names">What the parts are called in checkpoints.</param>
    /// <param name="config">Ids and labels.</param>
    /// <param name="source">Where the weights come from.</param>
    /// <param name="device">Whose memory they are in; null: the CPU's.</param>
    /// <exception cref="CheckpointMismatchException">The source does not have what the spec needs, or has more.</exception>
    public static Model Build(ModelSpec spec, NameTable names, ModelConfig config, IWeightSource source, Device? device = null)
    {
        var weights = new WeightBuilder(source, names, device);
        try
        {
            var model = new Model(spec, config, weights, names.Stage) { ModuleNames = names };
            weights.Complete();
            model.TensorUses = source.Uses;
            model.SkippedTensors = source.Skipped;
            return model;
        }
        catch
        {
            foreach (ModelParameter parameter in weights.Parameters)
                parameter.Parameter.Dispose();
            foreach ((_, QuantizedMatrix matrix) in weights.Matrices)
                matrix.Dispose();
            throw;
        }
    }

    /// <summary>What the terms of a sequence mean for this model.</summary>
    /// <param name="terms">The terms.</param>
    /// <exception cref="SequenceTermsException">The model cannot keep to them.</exception>
    public SequenceLimits LimitsOf(SequenceTerms terms)
    {
        if (terms.Adapter is { } adapter)
            _adapters.Require(adapter);
        return TermsReader.Limits(Spec, terms);
    }

    /// <summary>
    /// Adds an adapter: from now on sequences may ask for it by name. Rows with and without adapters share batches, and each has
    /// the bits it has alone. May be called while passes run.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="factors">What it adds to which weights, by their <see cref="LinearPaths"/>. The values are copied.</param>
    /// <exception cref="ArgumentException">
    /// The name is taken, or was (what was computed with it is known by it), a path is not of this model, or shapes do not fit.
    /// </exception>
    /// <exception cref="NotSupportedException">Only some of the model's layers are here.</exception>
    public void AddAdapter(string name, IReadOnlyDictionary<string, LowRankFactors> factors)
    {
        RequireWhole("takes no adapters by itself (LanguageModel.AddAdapter tells all stages)");
        _adapters.Add(name, factors);
    }

    /// <summary>
    /// Takes an adapter away and gives its memory back, once the passes that run are over. Sequences under way that asked for it
    /// fail by its name. False if there is none.
    /// </summary>
    /// <param name="name">Its name.</param>
    public bool RemoveAdapter(string name) => _adapters.Remove(name);

    /// <summary>
    /// What of the terms changes keys and values: memories may share pages only if it is equal. The declared length is part of
    /// it only as far as angles follow from it.
    /// </summary>
    /// <param name="terms">The terms.</param>
    public SequenceTerms MemoryVariant(SequenceTerms terms) => TermsReader.Variant(Spec, terms);

    /// <summary>An empty memory for a sequence, which gives pages back that no layer of this model sees any more.</summary>
    /// <param name="pools">Made by <see cref="NewMemoryPools"/>.</param>
    /// <param name="terms">What holds for the sequence; null: nothing in particular.</param>
    /// <exception cref="SequenceTermsException">The model cannot keep to the terms.</exception>
    public SequenceMemory NewMemory(MemoryPools pools, SequenceTerms? terms = null) =>
        pools.NewMemory(terms, LimitsOf(terms ?? SequenceTerms.None).Reach);

    /// <summary>Room for what sequences of this model remember: a pool for each kind of its layers.</summary>
    /// <param name="pageSize">Positions in a page: 1, 2, 4, 8 or a multiple of 16.</param>
    /// <param name="pages">Pages of each kind of attention layers.</param>
    /// <param name="states">
    /// States of recurrent layers: two for each sequence, one for each row of a draft, one for each mark. Without meaning for a
    /// model that has no such layers.
    /// </param>
    /// <param name="type">How keys and values are stored.</param>
    /// <param name="crossPages">Pages for the keys and values of an encoder's output; null: as many as of the others.</param>
    /// <exception cref="InvalidOperationException">The model is an encoder, which remembers nothing.</exception>
    public MemoryPools NewMemoryPools(
        int pageSize, int pages, int states = 64, KeyValueType type = KeyValueType.F32, int? crossPages = null)
    {
        if (_memory is null)
            throw new InvalidOperationException($"A {Spec.Family} model has no layers that remember a sequence.");
        var sizes = new MemorySizes(pageSize, pages, crossPages ?? pages, states, type);
        var pools = new List<MemoryPool>();
        try
        {
            foreach (MemoryKind kind in _memory.Kinds)
                pools.Add(kind.NewPool(Device, sizes));
            return new MemoryPools(pageSize, pools);
        }
        catch
        {
            pools.ForEach(pool => pool.Dispose());
            throw;
        }
    }

    /// <summary>
    /// Gives the memory of the weights, and what its passes left in the pool of tensors, back to the system; once.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _encoder?.Dispose();
        _decoder?.Dispose();
        _lengths?.Dispose();
        _adapters.Dispose();
        foreach (ModelParameter parameter in Parameters)
            parameter.Parameter.Dispose();
        foreach (QuantizedMatrix matrix in Matrices)
            matrix.Dispose();
        Owner?.Dispose();
        TensorPool.Shared.Trim(); // activations had this model's sizes
    }

    private int _disposed;

    /// <summary>What holds the memory of mapped matrices; disposed with the model.</summary>
    internal IDisposable? Owner { get; set; }

    internal Tensor EncodeTraced(IOps ops, RaggedBatch batch, Action<int, Tensor> trace) =>
        Run(_encoder!, Spec.Encoder!, ops, batch, null, trace);

    internal Tensor Forward(IOps ops, RaggedBatch batch, Tensor? encoded, Action<int, Tensor>? trace)
    {
        RequireWhole("makes no whole pass by itself");
        return Run(_decoder ?? _encoder!, Spec.Last, ops, batch, encoded, trace);
    }

    /// <summary>As the other ones, from states that are given, and with gradients of these.</summary>
    /// <param name="ops">The device, or a tape.</param>
    /// <param name="batch">Sequences without a memory.</param>
    /// <param name="begins">Of each layer what the sequences begin with: a row for each.</param>
    /// <exception cref="NotSupportedException">Some layer has no such state, or another source of it.</exception>
    internal Tensor Forward(IOps ops, RaggedBatch batch, IReadOnlyList<Tensor> begins)
    {
        int other = Spec.Last.Layers.TakeWhile(
            layer => layer.Mixer is MixerSpec.Recurrent { Bidirectional: false, Start: null }).Count();
        if (other < Spec.Last.Layers.Count || begins.Count != other)
        {
            throw new NotSupportedException(
                $"{begins.Count} states are given; {other} of the {Spec.Last.Layers.Count} layers of a {Spec.Family} model can " +
                "begin with one, and all must.");
        }

        return (_decoder ?? _encoder!).Forward(ops, batch, new ForwardInputs(null, null, Begins: begins));
    }

    /// <summary>Refuses a pattern that no layer of the model reads, or that does not fit it or the sequence.</summary>
    /// <param name="pattern">What a sequence would bring along.</param>
    /// <param name="rows">Rows of the sequence.</param>
    /// <exception cref="ArgumentException">The message says what does not fit, with both numbers.</exception>
    public void CheckPattern(SparsePattern pattern, int rows) =>
        pattern.For(rows).Check(rows, Spec.Encoder ?? Spec.Last, Spec.Family);

    internal static (ModelSpec Spec, NameTable Names, ModelConfig Config) ReadConfig(string path, JsonElement root)
    {
        var reader = new ConfigReader(path, root);
        (Architecture architecture, string className) = ArchitectureRegistry.Find(reader);
        ModelSpec spec = architecture.ReadSpec(reader, className);
        CommonKeys.Waive(reader);
        CommonKeys.Require(reader, spec);
        ModelConfig config = CommonKeys.Read(reader, spec);
        reader.Complete();
        return (spec, architecture.TensorNames(spec), config);
    }

    /// <summary>
    /// A model of one stack has its parts at the root or, if it is an encoder, under "encoder"; one of two has both prefixes.
    /// </summary>
    private static WeightBuilder StackPath(WeightBuilder weights, ModelSpec spec, string name) =>
        spec.Encoder is null ? weights : weights.At(name);

    private static EmbeddingWeight Embedding(WeightBuilder weights, ModelSpec spec)
    {
        if (spec is { Encoder: not null, Decoder: not null, SharedEmbedding: false })
            throw new NotSupportedException("An encoder and a decoder with embeddings of their own are not built.");
        StackSpec stack = spec.Last;

        // Tied, the rows are also those of the head: logits should begin with a deviation
        // near 1 (T5 divides its rows by sqrt(E)).
        return weights.Embedding("embed", stack.Vocabulary, stack.EmbeddingWidth, spec.Head.Tied,
            $"vocabulary {stack.Vocabulary}, embedding width {stack.EmbeddingWidth}", stack.FrozenId,
            spec.Head.Tied ? 1 / spec.Head.Scale : 1);
    }
}
