using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// What of a model is there before its engine: weights, tokenizer, defaults, and what the engine is to be made with. An
/// <see cref="OpenedModel"/> makes the engine itself; an <see cref="EngineHost"/> that keeps models by name makes its own.
/// </summary>
internal sealed class ModelParts : IDisposable
{
    private const int LongestEncoderInput = 4096;

    private readonly bool _ownsOps;
    private readonly object _gate = new();
    private int _uses;
    private bool _disposed;

    private ModelParts(string name, string folder, Model model, Tokenizer tokenizer, IDifferentiableOps ops,
        LanguageModelOptions options, ILogger logger, PipelineStart? stages)
    {
        (Name, Folder, Model, Tokenizer, Ops, Logger) = (name, folder, model, tokenizer, ops, logger);
        (Defaults, Host, _ownsOps) = (options.Defaults!, options.Host, options.Host is null);
        EngineOptions engine = options.Engine;
        if (options.DraftModel is not null)
        {
            Draft = Model.Load(options.DraftModel, LoadOptions(options));
            engine = engine with { DraftModel = new LoadedModel(Draft, ops) };
        }

        if (model.Spec.Encoder is not null && model.Spec.Context != int.MaxValue)
        {
            int longest = Math.Min(model.Spec.Context, LongestEncoderInput);
            engine = engine with
            {
                TokenBudget = Math.Max(engine.TokenBudget,
                    model.Spec.MaskPredict is null ? longest : (1 + Translator.DefaultLengthCandidates) * longest),
            };
        }

        if (model.Spec.IsEncoderDecoder)
            engine = ForManyTexts(engine);
        EngineOptions = engine;
        Trace = options.Trace ? new ModelTrace(model, ops) : null;
        if (stages is null)
        {
            Computing = Trace?.Model ?? new LoadedModel(model, ops);
            return;
        }

        stages.Complete(model, StagedLayers.ReportOf(options.Pipeline!.Group, model, null));
        Computing = Stages = new PipelineModel(new LoadedModel(model, ops), ops, stages)
        {
            Announce = report => ModelLog.Stage(logger, name, report),
        };
    }

    /// <summary>What it was opened by.</summary>
    public string Name { get; }

    /// <summary>The folder, or the GGUF file, that the name stood for.</summary>
    public string Folder { get; }

    public Model Model { get; }

    /// <summary>The smaller model that drafts; null: there is none.</summary>
    public Model? Draft { get; }

    public Tokenizer Tokenizer { get; }

    /// <summary>What holds for requests that do not say otherwise.</summary>
    public GenerationDefaults Defaults { get; }

    public ModelTrace? Trace { get; }

    /// <summary>The other processes that have layers of it; null: there are none.</summary>
    public PipelineModel? Stages { get; }

    /// <summary>What its engine is made with.</summary>
    public EngineOptions EngineOptions { get; }

    /// <summary>The model as its engine sees it.</summary>
    public IGenerationModel Computing { get; }

    public ILogger Logger { get; }

    /// <summary>
    /// Bytes of the weights, those of a draft model included; of several processes those of the one that has most.
    /// </summary>
    public long WeightBytes => Math.Max(
        Model.WeightBytes + (Draft?.WeightBytes ?? 0), Stages?.Known.Max(stage => stage.WeightBytes) ?? 0);

    /// <summary>What it is computed with.</summary>
    public IDifferentiableOps Ops { get; }

    private EngineHost? Host { get; }

    /// <summary>Finds a model by its name and loads it.</summary>
    /// <param name="name">What it is found by.</param>
    /// <param name="options">How it is opened; null: the defaults.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <param name="shown">The name it has for logs and telemetry; null: that by which it is found.</param>
    public static async Task<ModelParts> LoadAsync(string name, LanguageModelOptions? options,
        CancellationToken cancellationToken, string? shown = null)
    {
        options ??= new LanguageModelOptions();
        if (options is { Host: { } host, Threads: not 0 })
        {
            throw new ArgumentException(
                $"Threads is {options.Threads} beside a Host, whose {host.Threads} threads all its models "
                    + "share; leave Threads at 0.",
                nameof(options));
        }

        ILogger logger = options.LoggerFactory?.CreateLogger(SeriatimTelemetry.Name) ?? NullLogger.Instance;
        if (options.Engine.Logger is null && options.Host is null)
        {
            ILogger? engine = options.LoggerFactory?.CreateLogger(SeriatimTelemetry.EngineCategory);
            options = options with { Engine = options.Engine with { Logger = engine } };
        }

        ModelLog.Opening(logger, name);
        try
        {
            return await ResolveAsync(name, shown ?? name, options, logger, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            ModelLog.NotOpened(logger, name, failure.Message);
            throw;
        }
    }

    /// <summary>Reads an adapter and adds it, wherever the layers are.</summary>
    /// <exception cref="ModelFormatException">It cannot be read, or is of another model.</exception>
    /// <exception cref="ArgumentException">The name is taken, or was.</exception>
    public void AddAdapter(AdapterFile adapter)
    {
        if (Stages is { } stages)
            stages.AddAdapter(adapter.Name, PeftAdapter.Read(Model, adapter.Path, stages.ShapesElsewhere));
        else
            Model.AddAdapter(adapter.Name, PeftAdapter.Read(Model, adapter.Path));
    }

    /// <summary>The engine that runs it: the host's, if it has one.</summary>
    public GenerationEngine NewEngine() =>
        Host?.NewEngine(Computing, EngineOptions) ?? new GenerationEngine(Computing, EngineOptions);

    /// <summary>
    /// Texts that are translated come in hundreds, and are short: more of them at a time, unless it was said how many.
    /// </summary>
    private static EngineOptions ForManyTexts(EngineOptions engine)
    {
        if (engine.SaysMaxSequences)
            return engine;
        return engine with
        {
            MaxSequences = Translator.MostSequences,
            TokenBudget = Math.Max(engine.TokenBudget, Translator.MostSequences),
        };
    }

    /// <summary>
    /// What no text holds: Marian starts with its padding and must never give it (bad_words_ids in
    /// its configs); rows beyond the vocabulary.
    /// </summary>
    public static IEnumerable<int> Suppressed(Model model, Tokenizer tokenizer)
    {
        int ids = model.Spec.Last.Vocabulary, known = tokenizer.VocabularySize;
        IEnumerable<int> unknown = Enumerable.Range(Math.Min(known, ids), Math.Max(0, ids - known));
        return model.Spec.Family == "marian" && model.Config.PadTokenId is { } padding ? unknown.Append(padding) : unknown;
    }

    /// <summary>Gives back what it holds; after its engine has stopped.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            while (_uses > 0)
                Monitor.Wait(_gate);
        }

        Stages?.Dispose();
        if (_ownsOps)
            Ops.Dispose();
        Draft?.Dispose();
        Model.Dispose();
    }

    /// <summary>Runs a pass beside the engine's; the weights stay until it has ended.</summary>
    /// <exception cref="ObjectDisposedException">The model was closed.</exception>
    public T Use<T>(Func<T> pass)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _uses++;
        }

        try
        {
            return pass();
        }
        finally
        {
            lock (_gate)
            {
                _uses--;
                Monitor.PulseAll(_gate);
            }
        }
    }

    private static async Task<ModelParts> ResolveAsync(string name, string shown, LanguageModelOptions options, ILogger logger,
        CancellationToken cancellationToken)
    {
        ModelHub hub = options.Hub ?? new ModelHub();
        string folder = await hub.ResolveAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (options.DraftModel is { } draft)
        {
            options = options with
            {
                DraftModel = await hub.ResolveAsync(draft, cancellationToken: cancellationToken).ConfigureAwait(false),
            };
        }
        return await Task.Run(() => Load(name, shown, folder, options, logger), cancellationToken).ConfigureAwait(false);
    }

    private static ModelParts Load(
        string name, string shown, string folder, LanguageModelOptions options, ILogger logger)
    {
        ModelParts parts = options.Pipeline is { } pipeline ? LoadStages(shown, name, folder, options, logger, pipeline)
            : Load(shown, folder, options, logger, null);
        try
        {
            foreach (AdapterFile adapter in options.Adapters)
                parts.AddAdapter(adapter);
            return parts;
        }
        catch
        {
            parts.Dispose();
            throw;
        }
    }

    private static ModelParts LoadStages(string shown, string name, string folder, LanguageModelOptions options, ILogger logger,
        PipelineOptions pipeline)
    {
        RequireFirst(options, pipeline);
        using Lock.Scope turn = (pipeline.Host?.Opening ?? new Lock()).EnterScope();
        string told = Path.Exists(name) ? Path.GetFullPath(name) : name;
        PipelineStart stages = PipelineStart.Begin(pipeline, folder, LoadOptions(options), told);
        try
        {
            return Load(shown, folder, options, logger, stages);
        }
        catch (Exception failure)
        {
            throw stages.Fail(failure);
        }
    }

    private static void RequireFirst(LanguageModelOptions options, PipelineOptions pipeline)
    {
        if (!pipeline.Group.IsFirst || pipeline.Group.Size == 1)
        {
            throw new ArgumentException(
                $"A model that is cut into stages is opened by rank 0 of at least 2 processes; this is {pipeline.Group}. The "
                    + $"others run a {nameof(PipelineWorker)}.",
                nameof(options));
        }

        if (options.Trace)
        {
            throw new ArgumentException(
                "Trace measures the operations of one process, and Pipeline has several; leave one of them out.",
                nameof(options));
        }
    }

    private static ModelParts Load(
        string name, string folder, LanguageModelOptions options, ILogger logger, PipelineStart? stages)
    {
        Model model = Model.Load(folder, LoadOptions(options) with { Stage = stages?.Own });
        IDifferentiableOps? ops = null;
        try
        {
            Tokenizer tokenizer = model.Config.Metadata is { } metadata ? Tokenizer.FromGguf(metadata) : Tokenizer.Load(folder);
            if (options.EngineFor is { } decide)
                options = options with { Engine = decide(model.Spec, options.Engine) };
            if (options.Engine.SuppressedIds.Count == 0)
                options = options with { Engine = options.Engine with { SuppressedIds = [.. Suppressed(model, tokenizer)] } };
            options = options with
            {
                Defaults = options.Defaults ?? GenerationConfigReader.Read(folder, model.Config, model.Spec.Last.Vocabulary),
            };
            if (options.Engine.EndIds.Count == 0)
                options = options with { Engine = options.Engine with { EndIds = options.Defaults.EndIds } };
            ops = options.Host?.Ops ?? CpuOps.Create(options.Threads);
            var parts = new ModelParts(name, folder, model, tokenizer, ops, options, logger, stages);
            return parts;
        }
        catch
        {
            if (options.Host is null)
                ops?.Dispose();
            model.Dispose();
            throw;
        }
    }

    /// <summary>How the weights are loaded.</summary>
    internal static ModelLoadOptions LoadOptions(LanguageModelOptions options) =>
        new()
        {
            Storage = options.Storage,
            Placement = options.Placement,
            Device = options.Host?.Device ?? Device.Cpu,
            PackCache = options.PackCache,
            Progress = options.LoadProgress,
        };
}
