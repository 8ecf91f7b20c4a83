using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Inspection;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>An encoder-decoder that turns texts into texts: translation, summaries. Beam search unless told otherwise.</summary>
/// <example><code>
/// using var translator = await Translator.OpenAsync("path/to/model");
/// Console.WriteLine(await translator.TranslateAsync("我爱学习"));
/// </code></example>
public sealed class Translator : IDisposable, IAsyncDisposable
{
    /// <summary>How many texts of a list are under way at once, if so many may wait.</summary>
    private const int MostAtOnce = 256;

    /// <summary>
    /// Sequences (beams) that run at a time unless it is said how many: so many rows keep the products of a small model busy.
    /// </summary>
    internal const int MostSequences = 256;

    /// <summary>Lengths that a model for whole translations tries unless told otherwise.</summary>
    internal const int DefaultLengthCandidates = 3;

    private readonly OpenedModel _opened;
    private readonly TranslationDirections _directions;

    internal Translator(OpenedModel opened) =>
        (_opened, _directions) = (opened, new TranslationDirections(opened.Name, opened.Model.Config.Json));

    internal OpenedModel Opened => _opened;

    /// <summary>What it was opened by.</summary>
    public string Name => _opened.Name;

    /// <summary>The weights and their shape.</summary>
    public Model Model => _opened.Model;

    /// <summary>The tokenizer that belongs to the model.</summary>
    public Tokenizer Tokenizer => _opened.Tokenizer;

    /// <summary>The engine.</summary>
    public GenerationEngine Engine => _opened.Engine;

    /// <summary>Opens a model.</summary>
    /// <param name="name">
    /// A folder in the Hugging Face layout, a built-in name or a hub id, as <see cref="ModelHub.ResolveAsync"/> finds it.
    /// </param>
    /// <param name="options">Threads, storage, engine; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ModelTaskException">The model is no encoder-decoder.</exception>
    /// <exception cref="ModelHubException">There is no such model, or it could not be fetched.</exception>
    /// <exception cref="ModelFormatException">A file is missing or damaged.</exception>
    /// <exception cref="ModelException">The model is not one we can run; the message says why.</exception>
    /// <exception cref="TokenizerFormatException">The tokenizer is missing, damaged or of a kind that is not known.</exception>
    public static async Task<Translator> OpenAsync(
        string name, LanguageModelOptions? options = null, CancellationToken cancellationToken = default)
    {
        OpenedModel opened = await OpenedModel.OpenAsync(name, options, cancellationToken).ConfigureAwait(false);
        if (opened.Model.Spec.IsEncoderDecoder)
            return new Translator(opened);
        string family = opened.Model.Spec.Family;
        opened.Dispose();
        throw new ModelTaskException(
            $"{name} is a {family} model and does not turn texts into texts. An encoder-decoder is needed (t5, bart, marian).");
    }

    /// <summary>
    /// The directions that the model names in its config (<c>task_specific_params</c>);
    /// empty for a model that was trained for one.
    /// </summary>
    public IReadOnlyList<TranslationDirection> Directions => _directions.All;

    /// <summary>Most tokens of a text, its prefix included.</summary>
    public int MaxInputTokens => Math.Min(Model.Spec.Context, _opened.EngineOptions.TokenBudget);

    /// <summary>Translates a text.</summary>
    /// <param name="text">The text; one of white space alone gives an empty one.</param>
    /// <param name="options">Languages, beams, limits; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the request at the next step.</param>
    /// <exception cref="TextTooLongException">The text is longer than what the model reads.</exception>
    /// <exception cref="ModelTaskException">The languages are not the model's, or are not clear.</exception>
    /// <exception cref="GenerationException">An option is not allowed.</exception>
    public async Task<string> TranslateAsync(string text, TranslationOptions? options = null,
        CancellationToken cancellationToken = default) =>
        (await Start(text, 1, options ?? new(), waits: false, cancellationToken).ConfigureAwait(false)).Text;

    /// <summary>
    /// Translates texts, many at once, and gives them in their order as soon as each is ready. Begins when the first is asked
    /// for, and is read once.
    /// </summary>
    /// <param name="texts">The texts; read as they are needed, so they may be endless.</param>
    /// <param name="options">
    /// Languages, beams, limits; null for the defaults. Where the script decides, it is that of each text.
    /// </param>
    /// <param name="cancellationToken">Ends the requests at the next step.</param>
    /// <exception cref="TextTooLongException">
    /// A text is longer than what the model reads; it has its number. Those before it have been given.
    /// </exception>
    /// <exception cref="ModelTaskException">The languages are not the model's, or are not clear.</exception>
    /// <exception cref="GenerationException">An option is not allowed.</exception>
    public IAsyncEnumerable<Translation> TranslateManyAsync(
        IEnumerable<string> texts, TranslationOptions? options = null, CancellationToken cancellationToken = default) =>
        new ColdStream<Translation>(reading => ManyAsync(texts?.ToAsyncEnumerable(), options, cancellationToken, reading));

    /// <summary>
    /// As above, for texts that come one by one, e.g. lines of a pipe: each is begun as it comes, whether or not more follow.
    /// </summary>
    public IAsyncEnumerable<Translation> TranslateManyAsync(
        IAsyncEnumerable<string> texts, TranslationOptions? options = null, CancellationToken cancellationToken = default) =>
        new ColdStream<Translation>(reading => ManyAsync(texts, options, cancellationToken, reading));

    private async IAsyncEnumerable<Translation> ManyAsync(
        IAsyncEnumerable<string>? texts, TranslationOptions? options, CancellationToken cancellationToken,
        [EnumeratorCancellation] CancellationToken reader)
    {
        ArgumentNullException.ThrowIfNull(texts);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, reader);
        var running = Channel.CreateBounded<Task<Translation>>(Math.Min(MostAtOnce, _opened.EngineOptions.MaxQueuedRequests));
        Task reading = ReadAsync(texts, options ?? new(), running.Writer, stop.Token);
        try
        {
            await foreach (Task<Translation> translation in
                running.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return await translation.ConfigureAwait(false);
            }
            await reading.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Whether the model fills in whole translations, pass by pass, instead of writing them token by token: then
    /// <see cref="TranslationOptions.Iterations"/> counts, and beams do not.
    /// </summary>
    public bool FillsIn => Model.Spec.MaskPredict is not null;

    /// <summary>
    /// The request that a text makes, for what the methods above have no words for; give it to <see cref="Engine"/>.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="options">Languages, beams, limits; null for the defaults.</param>
    /// <exception cref="TextTooLongException">The text is longer than what the model reads.</exception>
    /// <exception cref="ModelTaskException">The languages are not the model's, or are not clear.</exception>
    public GenerationRequest Request(string text, TranslationOptions? options = null) =>
        Request(text, 1, options ?? new()).Request;

    /// <summary>The token ids that the encoder reads for a text, the words of its direction before it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="options">Languages; null for the defaults.</param>
    /// <exception cref="ModelTaskException">The languages are not the model's, or are not clear.</exception>
    public int[] SourceIds(string text, TranslationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return RequestBuilder.FromText(_opened, _directions.Choose(text, options ?? new()).Prefix + text).EncoderInput.ToArray();
    }

    /// <summary>
    /// Which tokens of the source each token of a translation was read from: attention of the decoder to the source in the row
    /// that predicts the token, averaged over the heads of one layer. The translation may be anybody's.
    /// </summary>
    /// <param name="source">The source.</param>
    /// <param name="translation">Its translation.</param>
    /// <param name="options">Languages; null for the defaults.</param>
    /// <param name="layer">A layer of the decoder that attends to the source; null: the last of them.</param>
    /// <param name="cancellationToken">Gives up before a pass begins.</param>
    /// <exception cref="ModelTaskException">The decoder attends to no source, or one of the texts has no tokens.</exception>
    public async Task<TranslationAlignment> AlignAsync(string source, string translation, TranslationOptions? options = null,
        int? layer = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        (_, string prefix) = _directions.Choose(source, options ?? new());
        return await Aligner.AlignAsync(Microscope.Of(this), prefix + source, translation, layer, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>
    /// Stops the engine (requests under way are cancelled), waits for it and gives the memory
    /// back. It may be done again, from any thread.
    /// </summary>
    public void Dispose() => _opened.Dispose();

    /// <summary>As <see cref="Dispose"/>, without blocking a thread.</summary>
    public ValueTask DisposeAsync() => _opened.DisposeAsync();

    private async Task ReadAsync(IAsyncEnumerable<string> texts, TranslationOptions options,
        ChannelWriter<Task<Translation>> running, CancellationToken cancellationToken)
    {
        try
        {
            int number = 0;
            await foreach (string text in texts.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                await running.WriteAsync(Start(text, ++number, options, waits: true, cancellationToken),
                    cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            running.TryComplete();
        }
    }

    private async Task<Translation> Start(string text, int number, TranslationOptions options, bool waits,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (string.IsNullOrWhiteSpace(text))
            return new Translation { Source = text, Text = "", Finish = FinishReason.EndOfSequence, Tokens = 0 };
        (GenerationRequest request, TranslationDirection? direction) = Request(text, number, options);
        GenerationHandle handle = waits
            ? await _opened.SubmitWhenFreeAsync("translate", request, cancellationToken).ConfigureAwait(false)
            : _opened.Submit("translate", request, cancellationToken);
        if (options.Steps is { } steps)
        {
            await foreach (GenerationUpdate update in handle.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                if (update.Refinement is { } step)
                    steps.Report(step);
            }
        }

        GenerationResult result = await handle.Completion.ConfigureAwait(false);
        GenerationChoice best = result.Choices[0];
        return new Translation
        {
            Source = text,
            Text = best.Text.Trim(),
            Direction = direction,
            Finish = best.Finish,
            Tokens = best.TokenIds.Count,
            Score = best.Score,
        };
    }

    private (GenerationRequest Request, TranslationDirection? Direction) Request(string text, int number,
        TranslationOptions options)
    {
        BeamOptions? beam = FillsIn ? null : BeamOf(options);
        RequireFitting(options);
        (TranslationDirection? direction, string prefix) = _directions.Choose(text, options);
        GenerationRequest request = RequestBuilder.FromText(_opened, prefix + text);
        int tokens = request.EncoderInput.Length;
        if (tokens > MaxInputTokens)
            throw new TextTooLongException(number, tokens, MaxInputTokens);
        int most = options.MaxNewTokens ?? Math.Min(2 * tokens + 50, Math.Max(1, Model.Spec.Context - request.Prompt.Length));
        return (request with
        {
            // Of the model's defaults, all but what draws: temperature and truncation.
            Sampling = SamplingOptions.Greedy with
            {
                Penalties = request.Sampling.Penalties,
                Constraints = request.Sampling.Constraints,
            },
            Beam = beam,
            MaskPredict = request.MaskPredict is not { } passes ? null : passes with
            {
                Iterations = options.Iterations ?? passes.Iterations,
                LengthCandidates = options.LengthCandidates ?? DefaultLengthCandidates,
                StreamsSteps = options.Steps is not null,
            },
            Shortlist = options.VocabularyMap is { } map ? Shortlist(map, request) : default(ReadOnlyMemory<int>),
            MaxNewTokens = most,
            MinNewTokens = Math.Min(request.MinNewTokens, most),
            Seed = 0,
        }, direction);
    }

    /// <summary>What the map says of the source, and what the request itself may need.</summary>
    private int[] Shortlist(VocabularyMap map, GenerationRequest request)
    {
        var ids = new SortedSet<int>(map.CandidatesOf(request.EncoderInput.Span));
        ids.UnionWith(request.EndIds ?? _opened.EngineOptions.EndIds);
        ids.UnionWith(request.ForcedPrefix);
        if (request.ForcedEndId is { } end)
            ids.Add(end);
        return [.. ids];
    }

    /// <summary>Refuses options of the other kind of models.</summary>
    private void RequireFitting(TranslationOptions options)
    {
        (string Name, object? Value)[] others = FillsIn
            ? [(nameof(options.Beams), options.Beams), (nameof(options.LengthPenalty), options.LengthPenalty),
                (nameof(options.VocabularyMap), options.VocabularyMap)]
            : [(nameof(options.Iterations), options.Iterations), (nameof(options.LengthCandidates), options.LengthCandidates),
                (nameof(options.Steps), options.Steps)];
        foreach ((string option, object? value) in others)
        {
            if (value is null)
                continue;
            throw new InvalidOptionException(option, value, FillsIn
                ? $"{Name} fills in whole translations and has no beams; Iterations and LengthCandidates are what it has"
                : $"{Name} writes token by token; only models that fill in whole translations (Mask-Predict) have it");
        }
    }

    /// <summary>The beams of the options, else of the model, else four.</summary>
    private BeamOptions? BeamOf(TranslationOptions options)
    {
        BeamOptions own = _opened.Defaults.Beam ?? new BeamOptions();
        if ((options.Beams ?? own.Beams) is 1)
        {
            return options.LengthPenalty is null or 1 ? null : throw new ModelTaskException(
                $"LengthPenalty is {options.LengthPenalty} and Beams is 1; a length penalty needs at least 2 beams.");
        }

        bool groups = options.Beams is null || options.Beams == own.Beams;
        return own with
        {
            Beams = options.Beams ?? own.Beams,
            LengthPenalty = options.LengthPenalty ?? own.LengthPenalty,
            Groups = groups ? own.Groups : 1,
            DiversityPenalty = groups ? own.DiversityPenalty : 0,
        };
    }
}
