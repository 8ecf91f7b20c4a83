using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// What every public class of this project stands on: weights, tokenizer, device and engine, opened and closed together.
/// </summary>
internal sealed class OpenedModel : IDisposable, IAsyncDisposable
{
    private const int LongestEncoderInput = 4096;

    private readonly IDifferentiableOps _ops;
    private readonly bool _ownsOps;
    private readonly Model? _draft;
    private readonly ILogger _logger;
    private readonly ConditionalWeakTable<ChatTemplate, TurnEnd> _turnEnds = [];
    private TaskCompletionSource? _closing;

    private OpenedModel(string name, Model model, Tokenizer tokenizer, IDifferentiableOps ops, LanguageModelOptions options,
        ILogger logger)
    {
        (Name, Model, Tokenizer, Defaults, _ops) = (name, model, tokenizer, options.Defaults!, ops);
        _logger = logger;
        EngineOptions engine = options.Engine;
        try
        {
            if (options.DraftModel is not null)
            {
                _draft = Model.Load(options.DraftModel, LoadOptions(options));
                engine = engine with { DraftModel = new LoadedModel(_draft, ops) };
            }

            if (model.Spec.Encoder is not null && model.Spec.Context != int.MaxValue)
            {
                engine = engine with
                {
                    TokenBudget = Math.Max(engine.TokenBudget,
                        model.Spec.MaskPredict is null ? Math.Min(model.Spec.Context, LongestEncoderInput)
                            : (1 + Translator.DefaultLengthCandidates) * Math.Min(model.Spec.Context, LongestEncoderInput)),
                };
            }
            EngineOptions = engine;
            Trace = options.Trace ? new ModelTrace(model, ops) : null;
            IGenerationModel computing = Trace?.Model ?? new LoadedModel(model, ops);
            Engine = options.Host?.NewEngine(computing, engine) ?? new GenerationEngine(computing, engine);
            _ownsOps = options.Host is null;
            Trace?.Engine = Engine;
        }
        catch
        {
            _draft?.Dispose();
            throw;
        }
    }

    public string Name { get; }

    /// <summary>The folder, or the GGUF file, that the name stood for.</summary>
    public string Folder { get; private init; } = "";

    public Model Model { get; }

    public Tokenizer Tokenizer { get; }

    /// <summary>What holds for requests that do not say otherwise.</summary>
    public GenerationDefaults Defaults { get; }

    public GenerationEngine Engine { get; }

    public ModelTrace? Trace { get; }

    /// <summary>What was done so far.</summary>
    public ModelTotals Totals { get; } = new();

    /// <summary>What the engine was made with.</summary>
    public EngineOptions EngineOptions { get; }

    /// <summary>Finds a model by its name and opens it.</summary>
    public static async Task<OpenedModel> OpenAsync(string name, LanguageModelOptions? options,
        CancellationToken cancellationToken)
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
            return await ResolveAsync(name, options, logger, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            ModelLog.NotOpened(logger, name, failure.Message);
            throw;
        }
    }

    private static async Task<OpenedModel> ResolveAsync(string name, LanguageModelOptions options, ILogger logger,
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
        return await Task.Run(() => Open(name, folder, options, logger), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What ends a turn by a template, or by the tokenizer's own.</summary>
    public TurnEnd TurnEndOf(ChatTemplate? template) => (template ?? Tokenizer.ChatTemplate) is { } used
        ? _turnEnds.GetValue(used, key => TurnEnd.Of(Tokenizer, key))
        : new TurnEnd(Tokenizer.SpecialTokens.EndOfTurn, null);

    /// <summary>Every request of this project goes through here, and is counted here.</summary>
    public GenerationHandle Submit(string operation, GenerationRequest request, CancellationToken cancellationToken)
    {
        GenerationActivity activity = GenerationActivity.Start(operation, Name, request);
        try
        {
            GenerationHandle handle = Engine.Submit(request, cancellationToken);
            Follow(operation, handle, activity);
            return handle;
        }
        catch (Exception failure)
        {
            activity.Fail(failure);
            ModelLog.NotBegun(_logger, operation, Name, failure);
            throw;
        }
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

    /// <summary>As <see cref="Submit"/>, but waits for room if the queue is full.</summary>
    public async Task<GenerationHandle> SubmitWhenFreeAsync(string operation, GenerationRequest request,
        CancellationToken cancellationToken)
    {
        GenerationActivity activity = GenerationActivity.Start(operation, Name, request);
        try
        {
            GenerationHandle handle = await Engine.SubmitWhenFreeAsync(request, cancellationToken).ConfigureAwait(false);
            Follow(operation, handle, activity);
            return handle;
        }
        catch (Exception failure)
        {
            activity.Fail(failure);
            ModelLog.NotBegun(_logger, operation, Name, failure);
            throw;
        }
    }

    /// <summary>Once, from whichever thread comes first; the others wait until it is done.</summary>
    public void Dispose()
    {
        if (!TryClose(out TaskCompletionSource closing))
        {
            closing.Task.GetAwaiter().GetResult();
            return;
        }

        // Not by way of DisposeAsync: who blocks a thread must not need another one of the pool to go on.
        Engine.Dispose();
        Free(closing);
    }

    /// <summary>As <see cref="Dispose"/>, without blocking a thread.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!TryClose(out TaskCompletionSource closing))
        {
            await closing.Task.ConfigureAwait(false);
            return;
        }

        await Engine.DisposeAsync().ConfigureAwait(false);
        Free(closing);
    }

    /// <summary>True for the first who asks; the task is done when all is closed.</summary>
    private bool TryClose(out TaskCompletionSource closing)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        closing = Interlocked.CompareExchange(ref _closing, mine, null) ?? mine;
        if (closing != mine)
            return false;
        SeriatimTelemetry.Closed(this);
        ModelLog.Closing(_logger, Name);
        return true;
    }

    /// <summary>The engine's thread has gone: nobody reads the weights any more.</summary>
    private void Free(TaskCompletionSource closing)
    {
        if (_ownsOps)
            _ops.Dispose();
        _draft?.Dispose();
        Model.Dispose();
        ModelLog.Closed(_logger, Name);
        closing.SetResult();
    }

    private void Follow(string operation, GenerationHandle handle, GenerationActivity activity)
    {
        activity.SetSeed(handle.Seed);
        activity.EndWith(handle.Outcome, Totals);
        if (_logger.IsEnabled(LogLevel.Error))
            ModelLog.Follow(_logger, operation, Name, handle);
    }

    private static OpenedModel Open(string name, string folder, LanguageModelOptions options, ILogger logger)
    {
        long start = Stopwatch.GetTimestamp();
        Model model = Model.Load(folder, LoadOptions(options));
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
            var opened = new OpenedModel(name, model, tokenizer, ops, options, logger) { Folder = folder };
            opened.Announce(Stopwatch.GetElapsedTime(start));
            return opened;
        }
        catch
        {
            if (options.Host is null)
                ops?.Dispose();
            model.Dispose();
            throw;
        }
    }

    private static ModelLoadOptions LoadOptions(LanguageModelOptions options) =>
        new() { Storage = options.Storage, Placement = options.Placement, Device = options.Host?.Device ?? Device.Cpu };

    private void Announce(TimeSpan time)
    {
        SeriatimTelemetry.Opened(this);
        ModelLog.Opened(
            _logger, Name, time.TotalSeconds, Model.Spec.Family, Model.Spec.Last.Vocabulary, Model.Spec.Context,
            Engine.Load.Pages, EngineOptions.PageSize);
        foreach (string note in Defaults.Notes)
            ModelLog.Note(_logger, note);
    }
}
