using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

namespace Seriatim.Inspection;

/// <summary>
/// Looks into a model while it reads a text: every value of a pass, by layer, head and row. What is seen is what the engine
/// computes, bit for bit, and only what is asked for is read.
/// </summary>
/// <example><code>
/// await using var microscope = await Microscope.OpenAsync("path/to/model");
/// Specimen text = microscope.Prepare("The cat sat on the");
/// Capture seen = await microscope.LookAsync(
///     text, new CaptureFilter { Kinds = CaptureKinds.Attention, Layers = [0], Heads = [1] });
/// foreach (CapturedAttention row in seen.Attention)
///     Console.WriteLine($"{text.Tokens[row.Position].Piece}: {string.Join(' ', row.Weights)}");
/// </code></example>
/// <remarks>
/// May be used by several threads; each pass is its own. Closing it, or the model it
/// looks into, waits for the passes that run.
/// </remarks>
public sealed class Microscope : IDisposable, IAsyncDisposable
{
    private readonly ModelParts _parts;
    private readonly bool _owns;

    private Microscope(ModelParts parts, bool owns)
    {
        (_parts, _owns) = (parts, owns);
        Map = MicroscopeMap.Of(parts.Model.Spec);
    }

    internal Microscope(OpenedModel opened)
        : this(opened.Parts, owns: false)
    {
    }

    /// <summary>What it was opened by.</summary>
    public string Name => _parts.Name;

    /// <summary>The weights and their shape.</summary>
    public Model Model => _parts.Model;

    /// <summary>The tokenizer that belongs to the model.</summary>
    public Tokenizer Tokenizer => _parts.Tokenizer;

    /// <summary>What holds for requests that do not say otherwise.</summary>
    public GenerationDefaults Defaults => _parts.Defaults;

    /// <summary>What there is to see.</summary>
    public MicroscopeMap Map { get; }

    internal ModelParts Parts => _parts;

    internal IDifferentiableOps Ops => _parts.Ops;

    /// <summary>Opens a model to look into, without an engine.</summary>
    /// <param name="name">
    /// A folder in the Hugging Face layout, a built-in name or a hub id, as <see cref="ModelHub.ResolveAsync"/> finds it.
    /// </param>
    /// <param name="options">Threads, storage; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ModelHubException">There is no such model, or it could not be fetched.</exception>
    /// <exception cref="ModelFormatException">A file is missing or damaged.</exception>
    /// <exception cref="ModelException">The model is not one we can run; the message says why.</exception>
    public static async Task<Microscope> OpenAsync(
        string name, LanguageModelOptions? options = null, CancellationToken cancellationToken = default) =>
        new(await ModelParts.LoadAsync(name, options, cancellationToken).ConfigureAwait(false), owns: true);

    /// <summary>Looks into a model that is open, and must stay open.</summary>
    /// <param name="model">The model.</param>
    public static Microscope Of(LanguageModel model) => new(model.Opened);

    /// <summary>As the other, for a translator.</summary>
    /// <param name="translator">The translator.</param>
    public static Microscope Of(Translator translator) => new(translator.Opened);

    /// <summary>As the other, for an encoder.</summary>
    /// <param name="encoder">The encoder.</param>
    public static Microscope Of(TextEncoder encoder) => new(encoder.Opened);

    /// <summary>The tokens of a text, as a request with this text would have them.</summary>
    /// <param name="text">
    /// The text; for a model with an encoder and a decoder what the decoder has written so far, which may be empty.
    /// </param>
    /// <param name="source">The encoder's text, for a model with an encoder and a decoder; else null.</param>
    /// <exception cref="ModelTaskException">The source is missing, or the model takes none; or there are no tokens.</exception>
    /// <exception cref="PromptTooLongException">The text is longer than the model's context.</exception>
    public Specimen Prepare(string text, string? source = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool takes = Model.Spec.IsEncoderDecoder;
        if (takes && source is null)
            throw new ModelTaskException($"{Name} is an encoder-decoder: it reads a source. Give the source too.");
        if (!takes && source is not null)
            throw new ModelTaskException($"{Name} has no encoder, so it takes no source. Put everything into the text.");
        int[] ids = takes ? TargetIds(text) : Tokenizer.Encode(text);
        int start = takes && Model.Spec.MaskPredict is null ? RequestBuilder.DecoderStart(_parts).Length : 0;
        return Prepare(ids, takes ? Tokenizer.Encode(source!) : [], start, text, source);
    }

    /// <summary>Ids as a text, for those who have made them otherwise (a chat template, an engine).</summary>
    /// <param name="ids">At least one id.</param>
    /// <param name="source">The encoder's ids; empty for a model without one.</param>
    /// <exception cref="ModelTaskException">There are no tokens.</exception>
    /// <exception cref="PromptTooLongException">The text is longer than the model's context.</exception>
    public Specimen Prepare(IReadOnlyList<int> ids, IReadOnlyList<int>? source = null) =>
        Prepare([.. ids], [.. source ?? []], 0, Tokenizer.Decode([.. ids]),
            source is null ? null : Tokenizer.Decode([.. source]));

    /// <summary>Reads a text once and tells what was asked for.</summary>
    /// <param name="specimen">The text.</param>
    /// <param name="filter">What is wanted.</param>
    /// <param name="cancellationToken">Gives up before the pass begins.</param>
    public async Task<Capture> LookAsync(
        Specimen specimen, CaptureFilter filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return (await LookManyAsync(specimen, [filter], cancellationToken).ConfigureAwait(false))[0];
    }

    /// <summary>Reads a text once for several looks: what each would tell by itself, at the price of one pass.</summary>
    /// <param name="specimen">The text.</param>
    /// <param name="filters">What each is for.</param>
    /// <param name="cancellationToken">Gives up before the pass begins.</param>
    /// <returns>What each saw, in their order.</returns>
    public async Task<IReadOnlyList<Capture>> LookManyAsync(
        Specimen specimen, IReadOnlyList<CaptureFilter> filters, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(specimen);
        ArgumentNullException.ThrowIfNull(filters);
        return await UseAsync(() => new CapturePass(Model, Ops, Ops, [.. filters]).Whole(specimen.Ids, specimen.SourceIds, []),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Begins to generate from a text, one token at a time.</summary>
    /// <param name="specimen">The text; it is read at once.</param>
    /// <param name="options">Sampling, seed, limit; null for the defaults.</param>
    /// <param name="cancellationToken">Gives up before the text is read.</param>
    /// <exception cref="ModelTaskException">The model does not write token by token.</exception>
    public async Task<Walk> WalkAsync(
        Specimen specimen, WalkOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(specimen);
        return await Walk.StartAsync(this, specimen, options ?? new WalkOptions(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The same text in training: all positions at once, the loss of each, the norm of the gradient of each matrix. Nothing is
    /// trained. For models that fill in, some tokens are masked, always the same ones of a text.
    /// </summary>
    /// <param name="specimen">The text.</param>
    /// <param name="gradients">Whether gradients are wanted: a backward pass, and memory as large as the weights.</param>
    /// <param name="cancellationToken">Gives up before the pass begins.</param>
    /// <exception cref="ModelTaskException">
    /// The model is not trained on the tokens of a text, or there is nothing to predict.
    /// </exception>
    public async Task<TeacherForcing> TeachAsync(
        Specimen specimen, bool gradients = true, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(specimen);
        return await UseAsync(() => new TeacherPass(this).Run(specimen, gradients), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_owns)
            _parts.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs a pass on another thread; the weights stay until it has ended.</summary>
    /// <exception cref="ObjectDisposedException">The microscope was closed.</exception>
    internal Task<T> UseAsync<T>(Func<T> pass, CancellationToken cancellationToken) =>
        Task.Run(() => _parts.Use(pass), cancellationToken);

    /// <summary>What the decoder reads of a target: its start and the text, or the text in its frame.</summary>
    private int[] TargetIds(string text)
    {
        int[] ids = text.Length == 0 ? [] : Tokenizer.Encode(text, addSpecialTokens: false);
        if (Model.Spec.MaskPredict is { } whole)
            return whole.Frame?.Around(ids) ?? ids;
        return [.. RequestBuilder.DecoderStart(_parts), .. ids];
    }

    private Specimen Prepare(int[] ids, int[] source, int start, string text, string? sourceText)
    {
        if (ids.Length == 0 || (Model.Spec.IsEncoderDecoder && source.Length == 0))
            throw new ModelTaskException($"{Name}: the text has no tokens; type something.");
        int longest = Math.Max(ids.Length, source.Length);
        if (longest > Model.Spec.Context)
            throw new PromptTooLongException("The text", longest, 0, Model.Spec.Context);
        return new Specimen
        {
            Text = text,
            Tokens = Specimen.TokensOf(Tokenizer, ids),
            Start = start,
            Source = sourceText,
            SourceTokens = Specimen.TokensOf(Tokenizer, source),
        };
    }
}
