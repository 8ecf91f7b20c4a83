using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// What every public class of this project stands on: the parts of a model and its engine, opened and closed together.
/// </summary>
internal sealed class OpenedModel : IDisposable, IAsyncDisposable
{
    private readonly ModelParts _parts;
    private readonly ILogger _logger;
    private readonly ConditionalWeakTable<ChatTemplate, TurnEnd> _turnEnds = [];
    private TaskCompletionSource? _closing;

    /// <summary>Parts and the engine that was made for them; disposing it disposes both.</summary>
    /// <param name="parts">The parts.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="time">How long it took.</param>
    public OpenedModel(ModelParts parts, GenerationEngine engine, TimeSpan time)
    {
        (_parts, _logger, Engine) = (parts, parts.Logger, engine);
        parts.Trace?.Engine = engine;
        Announce(time);
    }

    /// <summary>What is there before its engine.</summary>
    public ModelParts Parts => _parts;

    public string Name => _parts.Name;

    /// <summary>The folder, or the GGUF file, that the name stood for.</summary>
    public string Folder => _parts.Folder;

    public Model Model => _parts.Model;

    public Tokenizer Tokenizer => _parts.Tokenizer;

    /// <summary>What holds for requests that do not say otherwise.</summary>
    public GenerationDefaults Defaults => _parts.Defaults;

    public GenerationEngine Engine { get; }

    public ModelTrace? Trace => _parts.Trace;

    /// <summary>What was done so far.</summary>
    public ModelTotals Totals { get; } = new();

    /// <summary>What the engine was made with.</summary>
    public EngineOptions EngineOptions => _parts.EngineOptions;

    /// <summary>Finds a model by its name and opens it.</summary>
    public static async Task<OpenedModel> OpenAsync(string name, LanguageModelOptions? options,
        CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        ModelParts parts = await ModelParts.LoadAsync(name, options, cancellationToken).ConfigureAwait(false);
        try
        {
            return new OpenedModel(parts, parts.NewEngine(), Stopwatch.GetElapsedTime(start));
        }
        catch (Exception failure)
        {
            ModelLog.NotOpened(parts.Logger, name, failure.Message);
            parts.Dispose();
            throw;
        }
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

    /// <summary>As <see cref="Submit"/>, but waits for room if the queue is full.</summary>
    public Task<GenerationHandle> SubmitWhenFreeAsync(string operation, GenerationRequest request,
        CancellationToken cancellationToken) =>
        SubmitAsync(operation, request, () => Engine.SubmitWhenFreeAsync(request, cancellationToken));

    /// <summary>As <see cref="Submit"/>, with somebody else who sees to it that the request runs.</summary>
    /// <param name="operation">What is done.</param>
    /// <param name="request">The request.</param>
    /// <param name="submit">Begins it.</param>
    public async Task<GenerationHandle> SubmitAsync(string operation, GenerationRequest request,
        Func<Task<GenerationHandle>> submit)
    {
        GenerationActivity activity = GenerationActivity.Start(operation, Name, request);
        try
        {
            GenerationHandle handle = await submit().ConfigureAwait(false);
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
        _parts.Dispose();
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
