using System.Runtime.CompilerServices;
using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tokenizers;
using Seriatim.Training;

namespace Seriatim;

/// <summary>
/// A model, its tokenizer and an engine that generates with it: text in, text out. Any number of requests may run at the same
/// time, from any thread; they share the engine's steps, and each gets what it would get alone.
/// </summary>
/// <example><code>
/// using var model = await LanguageModel.OpenAsync("path/to/model");
/// await foreach (var piece in model.GenerateAsync("Once upon a time")) Console.Write(piece.Text);
/// </code></example>
public sealed class LanguageModel : IDisposable, IAsyncDisposable
{
    private readonly OpenedModel _opened;

    internal LanguageModel(OpenedModel opened) => _opened = opened;

    internal OpenedModel Opened => _opened;

    /// <summary>What it was opened by.</summary>
    public string Name => _opened.Name;

    /// <summary>The weights and their shape.</summary>
    public Model Model => _opened.Model;

    /// <summary>The tokenizer that belongs to the model.</summary>
    public Tokenizer Tokenizer => _opened.Tokenizer;

    /// <summary>
    /// What holds for requests that do not say otherwise: the model's <c>generation_config.json</c>, else the defaults of this
    /// library. <see cref="Request"/> and <see cref="ChatRequest"/> have it in them already.
    /// </summary>
    public GenerationDefaults Defaults => _opened.Defaults;

    /// <summary>The engine, for what this class has no words for.</summary>
    public GenerationEngine Engine => _opened.Engine;

    /// <summary>Where the time went, if <see cref="LanguageModelOptions.Trace"/> was set; else null.</summary>
    public ModelTrace? Trace => _opened.Trace;

    /// <summary>
    /// What each process takes that has layers of the model, by rank, as it counts itself now; empty if all layers are here.
    /// </summary>
    /// <exception cref="ProcessGroupException">A process has ended.</exception>
    public IReadOnlyList<StageReport> ReportStages() => _opened.Parts.Stages?.Report() ?? [];

    /// <summary>
    /// Adds an adapter (Hu et al., 2021: LoRA): from now on requests may ask for it by name, beside others and the model as it
    /// is. Where the layers are in several processes, each is given what adds to its own. May be called while requests run.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="factors">
    /// What it adds to which weights, by their paths in the whole model, e.g. <c>layers.3.attention.q</c>. The values are copied.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The name is taken, or was, a path is not of this model, or shapes do not fit.
    /// </exception>
    public void AddAdapter(string name, IReadOnlyDictionary<string, LowRankFactors> factors)
    {
        if (_opened.Parts.Stages is { } stages)
            stages.AddAdapter(name, factors);
        else
            Model.AddAdapter(name, factors);
    }

    /// <summary>As the other one, with an adapter out of files. It stays as it was read.</summary>
    /// <param name="adapter">Its name and folder.</param>
    /// <exception cref="ModelFormatException">
    /// A file is missing or damaged, is of another kind, or is no adapter of this model.
    /// </exception>
    /// <exception cref="ArgumentException">The name is taken, or was.</exception>
    public void AddAdapter(AdapterFile adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        _opened.Parts.AddAdapter(adapter);
    }

    /// <summary>
    /// Takes an adapter away once no pass runs with it. Requests under way that asked for it fail by its name. False if there is
    /// none.
    /// </summary>
    /// <param name="name">Its name.</param>
    public bool RemoveAdapter(string name) => _opened.Parts.Stages?.RemoveAdapter(name) ?? Model.RemoveAdapter(name);

    /// <summary>Opens a model.</summary>
    /// <param name="name">
    /// A folder in the Hugging Face layout, a built-in name or a hub id, as <see cref="ModelHub.ResolveAsync"/> finds it.
    /// </param>
    /// <param name="options">Threads, storage, engine; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ModelHubException">There is no such model, or it could not be fetched.</exception>
    /// <exception cref="ModelFormatException">A file is missing or damaged.</exception>
    /// <exception cref="ModelException">The model is not one we can run; the message says why.</exception>
    /// <exception cref="TokenizerFormatException">The tokenizer is missing, damaged or of a kind that is not known.</exception>
    /// <exception cref="InvalidOptionException">
    /// An option of the engine is not allowed, or the draft model does not fit.
    /// </exception>
    /// <exception cref="ProcessGroupException">
    /// There are several processes, and they are about to load different things, or one of them cannot.
    /// </exception>
    public static async Task<LanguageModel> OpenAsync(
        string name, LanguageModelOptions? options = null, CancellationToken cancellationToken = default) =>
        new(await OpenedModel.OpenAsync(name, options, cancellationToken).ConfigureAwait(false));

    /// <summary>
    /// Generates a continuation and gives it piece by piece, as soon as the text of each token is certain. As every stream here:
    /// it begins when its first element is asked for, and is read once. <see cref="Submit"/> begins at once.
    /// </summary>
    /// <param name="prompt">The text to continue; for an encoder-decoder the text to transform.</param>
    /// <param name="options">Sampling, length, seed and more; null: as the model's <see cref="Defaults"/> say.</param>
    /// <param name="cancellationToken">Ends the request at the next step.</param>
    /// <exception cref="GenerationException">The request cannot be served as it was asked; out of the stream.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(
        string prompt, GenerateOptions? options = null, CancellationToken cancellationToken = default) =>
        Stream(() => Submit(With(Request(prompt), options), cancellationToken));

    /// <summary>As above, with everything a request can say. Start from <see cref="Request"/>.</summary>
    /// <exception cref="GenerationException">The request cannot be served as it was asked; out of the stream.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(
        GenerationRequest request, CancellationToken cancellationToken = default) =>
        Stream(() => Submit(request, cancellationToken));

    /// <summary>Generates a continuation and gives it when it is complete.</summary>
    /// <param name="prompt">The text to continue; for an encoder-decoder the text to transform.</param>
    /// <param name="options">Sampling, length, seed and more; null: as the model's <see cref="Defaults"/> say.</param>
    /// <param name="cancellationToken">Ends the request at the next step.</param>
    /// <exception cref="GenerationException">The request cannot be served as it was asked.</exception>
    public async Task<GenerationResult> CompleteAsync(
        string prompt, GenerateOptions? options = null, CancellationToken cancellationToken = default) =>
        await Submit(With(Request(prompt), options), cancellationToken).Completion.ConfigureAwait(false);

    /// <summary>As above, with everything a request can say. Start from <see cref="Request"/>.</summary>
    /// <exception cref="GenerationException">The request cannot be served as it was asked.</exception>
    public async Task<GenerationResult> CompleteAsync(
        GenerationRequest request, CancellationToken cancellationToken = default) =>
        await Submit(request, cancellationToken).Completion.ConfigureAwait(false);

    /// <summary>Puts a request into the queue; the handle gives its tokens as they come, and its result.</summary>
    /// <exception cref="GenerationException">The request cannot be served as it was asked.</exception>
    public GenerationHandle Submit(GenerationRequest request, CancellationToken cancellationToken = default) =>
        _opened.Submit("text_completion", request, cancellationToken);

    /// <summary>
    /// As <see cref="Submit"/>, but waits for room if the engine's queue is full instead of failing: for batches.
    /// </summary>
    /// <exception cref="GenerationException">The request cannot be served as it was asked.</exception>
    public async Task<GenerationHandle> SubmitWhenFreeAsync(
        GenerationRequest request, CancellationToken cancellationToken = default) =>
        await _opened.SubmitWhenFreeAsync("text_completion", request, cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// The request that a text makes: its tokens with the special ones the model expects, and the model's
    /// <see cref="Defaults"/>; for an encoder-decoder, the start of the decoder and the end it is forced to.
    /// Change what you like with <c>with { ... }</c>.
    /// </summary>
    /// <param name="prompt">The text.</param>
    /// <exception cref="ModelFormatException">
    /// The config of an encoder-decoder does not say what the decoder begins with.
    /// </exception>
    public GenerationRequest Request(string prompt) => RequestBuilder.FromText(_opened, prompt);

    /// <summary>
    /// Answers a conversation, piece by piece; begins when the first element is asked for. <see cref="StartConversation"/> gives
    /// an object that remembers what was said.
    /// </summary>
    /// <param name="messages">The conversation; the last message is as a rule the user's.</param>
    /// <param name="options">Sampling, length, seed and more; null: as the model's <see cref="Defaults"/> say.</param>
    /// <param name="prompt">Template and tools; null: the tokenizer's own template, and what messages say is text.</param>
    /// <param name="cancellationToken">Ends the request at the next step.</param>
    /// <exception cref="ChatTemplateException">
    /// The tokenizer has no chat template, or it refuses the conversation; out of the stream.
    /// </exception>
    /// <exception cref="GenerationException">The request cannot be served as it was asked; out of the stream.</exception>
    public IAsyncEnumerable<GenerationUpdate> ChatAsync(
        IReadOnlyList<ChatTurn> messages, GenerateOptions? options = null, ChatPromptOptions? prompt = null,
        CancellationToken cancellationToken = default) =>
        Stream(() => SubmitChat(With(ChatRequest(messages, prompt), options), cancellationToken));

    /// <summary>
    /// The request that a conversation makes: the prompt the chat template writes, and the end of a turn as a stop. Change what
    /// you like with <c>with { ... }</c>; <see cref="SubmitChat"/> starts it.
    /// </summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="options">Template and tools; null: the tokenizer's own template, and what messages say is text.</param>
    /// <exception cref="ChatTemplateException">There is no template, or it refuses the conversation.</exception>
    public GenerationRequest ChatRequest(IReadOnlyList<ChatTurn> messages, ChatPromptOptions? options = null) =>
        RequestBuilder.FromChat(_opened, messages, options);

    /// <summary>A conversation that remembers what was said, and offers tools.</summary>
    /// <param name="options">What the model is told first, tools, how answers are generated; null for the defaults.</param>
    /// <exception cref="ChatTemplateException">There are tools, and the template does not show them or their calls.</exception>
    public Conversation StartConversation(ConversationOptions? options = null) => new(this, options ?? new());

    /// <summary>
    /// A request of a conversation that ignores what ends a text: what ends a turn by its template is among that.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="template">The template; null: the tokenizer's own.</param>
    internal GenerationRequest WithTurnEnds(GenerationRequest request, ChatTemplate? template)
    {
        if (!request.IgnoreEndIds)
            return request;
        TurnEnd end = _opened.TurnEndOf(template);
        int[] ends = [.. AnswerFormat.Of(Tokenizer, template).EndIds(Tokenizer), .. end.Id is { } id ? [id] : Array.Empty<int>()];
        return request with
        {
            EndIds = [.. (request.EndIds ?? Engine.Options.EndIds).Union(ends)],
            StopIds = [.. request.StopIds.Except(ends)],
            StopStrings = [.. request.StopStrings.Where(stop => stop != end.Text)],
        };
    }

    /// <summary>As <see cref="Submit"/>; telemetry calls it a chat.</summary>
    /// <exception cref="GenerationException">The request cannot be served as it was asked.</exception>
    public GenerationHandle SubmitChat(GenerationRequest request, CancellationToken cancellationToken = default) =>
        _opened.Submit("chat", request, cancellationToken);

    /// <summary>
    /// How probable a text is: the log-probability of each of its tokens but the first, and the perplexity. Where the queue is
    /// full it waits for room.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="source">Encoder-decoder: the text it was made of. Else null.</param>
    /// <param name="cancellationToken">Ends the request at the next step.</param>
    /// <exception cref="ModelTaskException">The source is missing, or the model takes none.</exception>
    /// <exception cref="PromptTooLongException">The text is longer than the context; cut it where you think best.</exception>
    public async Task<TextScore> ScoreAsync(string text, string? source = null, CancellationToken cancellationToken = default)
    {
        GenerationRequest request = RequestBuilder.FromScoredText(_opened, text, source);
        GenerationHandle handle = await _opened.SubmitWhenFreeAsync("score", request, cancellationToken).ConfigureAwait(false);
        GenerationResult result = await handle.Completion.ConfigureAwait(false);
        return new TextScore { TokenIds = request.Prompt.ToArray(), Logprobs = result.PromptLogprobs ?? [] };
    }

    /// <summary>
    /// Embeddings of texts from the rows of the last layer. Most decoders were not trained for it;
    /// <see cref="TextEncoder"/> is for those that were.
    /// </summary>
    /// <param name="texts">The texts.</param>
    /// <param name="options">
    /// Pooling (null: the last row, which alone has seen the whole text in a decoder), scaling (null: to length 1), truncation.
    /// </param>
    /// <param name="cancellationToken">Ends the requests before they run.</param>
    /// <returns>One embedding for each text, in their order.</returns>
    /// <exception cref="GenerationException">A text has no tokens or too many.</exception>
    public async Task<IReadOnlyList<float[]>> EmbedAsync(
        IReadOnlyList<string> texts, EmbeddingOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new EmbeddingOptions();
        return await Embedder.EmbedAsync(
            _opened, new SentenceConfig(), texts, options with { Pooling = options.Pooling ?? PoolingKind.Last },
            static _ => { }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Stops the engine (requests under way are cancelled), waits for it and gives the memory
    /// back. It may be done again, from any thread.
    /// </summary>
    public void Dispose() => _opened.Dispose();

    /// <summary>As <see cref="Dispose"/>, without blocking a thread.</summary>
    public ValueTask DisposeAsync() => _opened.DisposeAsync();

    private static GenerationRequest With(GenerationRequest request, GenerateOptions? options) =>
        options?.ApplyTo(request) ?? request;

    private static ColdStream<GenerationUpdate> Stream(Func<GenerationHandle> submit) =>
        new(reading => ReadAsync(submit, reading));

    private static async IAsyncEnumerable<GenerationUpdate> ReadAsync(
        Func<GenerationHandle> submit, [EnumeratorCancellation] CancellationToken reading)
    {
        await foreach (GenerationUpdate update in submit().WithCancellation(reading).ConfigureAwait(false))
            yield return update;
    }
}
