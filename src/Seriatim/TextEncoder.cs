using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// A model that reads whole texts, such as BERT: embeddings, masked words, classes. Texts of any number of callers are read
/// together, and each gets what it would get alone.
/// </summary>
public sealed partial class TextEncoder : IDisposable, IAsyncDisposable
{
    private readonly OpenedModel _opened;
    private readonly SentenceConfig _sentences;

    internal TextEncoder(OpenedModel opened, SentenceConfig sentences) => (_opened, _sentences) = (opened, sentences);

    /// <summary>
    /// Texts of a call were longer than the model takes, and were cut as it was trained to have them; raised
    /// once for each such call, before it runs.
    /// </summary>
    public event EventHandler<TextsTruncatedEventArgs>? TextsTruncated;

    internal OpenedModel Opened => _opened;

    /// <summary>What it was opened by.</summary>
    public string Name => _opened.Name;

    /// <summary>The weights and their shape.</summary>
    public Model Model => _opened.Model;

    /// <summary>The tokenizer that belongs to the model.</summary>
    public Tokenizer Tokenizer => _opened.Tokenizer;

    /// <summary>The engine.</summary>
    public GenerationEngine Engine => _opened.Engine;

    /// <summary>The classes of a classifier, by index; empty if the model is none or does not name them.</summary>
    public IReadOnlyList<string> Labels => _opened.Model.Config.Labels;

    /// <summary>
    /// How the model's own files pool rows, several for vectors that follow one another; empty if they do not say.
    /// </summary>
    public IReadOnlyList<PoolingKind> Pooling => _sentences.Pooling;

    /// <summary>Tokens at which texts to be embedded are cut, as the model's files say; null if they do not.</summary>
    public int? MaxLength => _sentences.MaxLength;

    /// <summary>Numbers in an embedding.</summary>
    public int EmbeddingWidth => _sentences.Width(Model.Spec.Last.OutputWidth);

    /// <summary>Opens a model. Decoders and encoder-decoders can be opened too; they embed, and refuse the rest.</summary>
    /// <param name="name">
    /// A folder in the Hugging Face layout, a built-in name or a hub id, as <see cref="ModelHub.ResolveAsync"/> finds it.
    /// </param>
    /// <param name="options">Threads, storage, engine; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ModelHubException">There is no such model, or it could not be fetched.</exception>
    /// <exception cref="ModelFormatException">A file is missing or damaged.</exception>
    /// <exception cref="ModelException">The model is not one we can run; the message says why.</exception>
    /// <exception cref="TokenizerFormatException">The tokenizer is missing, damaged or of a kind that is not known.</exception>
    public static async Task<TextEncoder> OpenAsync(
        string name, LanguageModelOptions? options = null, CancellationToken cancellationToken = default)
    {
        OpenedModel opened = await OpenedModel.OpenAsync(name, options, cancellationToken).ConfigureAwait(false);
        try
        {
            return new TextEncoder(opened, SentenceConfig.Read(opened.Model, opened.Folder));
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Embeddings of texts, as the model's own files have it unless said otherwise.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="options">What is not as the model's own files have it; null: nothing.</param>
    /// <param name="cancellationToken">Ends the requests before they run.</param>
    /// <returns>One embedding for each text, in their order.</returns>
    /// <exception cref="GenerationException">
    /// A text has no tokens, or too many for a model whose files do not say where it is cut.
    /// </exception>
    public async Task<IReadOnlyList<float[]>> EmbedAsync(
        IReadOnlyList<string> texts, EmbeddingOptions? options = null, CancellationToken cancellationToken = default) =>
        await Embedder.EmbedAsync(_opened, _sentences, texts, options ?? new EmbeddingOptions(),
            cut => TextsTruncated?.Invoke(this, cut), cancellationToken).ConfigureAwait(false);

    /// <summary>The most probable tokens at each mask of a text.</summary>
    /// <param name="text">A text with the mask token in it, e.g. <c>[MASK]</c>.</param>
    /// <param name="top">How many tokens for each mask, best first; 1 or more.</param>
    /// <param name="cancellationToken">Ends the request before it runs.</param>
    /// <returns>One list for each mask, in the order of the text.</returns>
    /// <exception cref="ModelTaskException">The model was not made for it, or there is no mask in the text.</exception>
    /// <exception cref="GenerationException">The text is too long.</exception>
    public async Task<IReadOnlyList<IReadOnlyList<FilledMask>>> FillAsync(string text, int top = 5,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        Require(ModelTask.MaskedLanguageModel, "fill masks",
            "An encoder with the head of a masked language model (BertForMaskedLM and its like) is needed");
        int mask = Tokenizer.SpecialTokens.Mask
            ?? throw new ModelTaskException($"The tokenizer of {Name} has no mask token, so no place can be marked.");
        int[] ids = Tokenizer.Encode(text);
        int[] places = [.. Enumerable.Range(0, ids.Length).Where(i => ids[i] == mask)];
        if (places.Length == 0)
            throw new ModelTaskException($"There is no {Tokenizer.PieceOf(mask)} in the text; write it where a word is wanted.");
        EncodingResult[] results = await Embedder.EncodeAsync(
            _opened, "fill_mask", [new EncodingRequest { Tokens = ids, LogitsAt = places }],
            cancellationToken).ConfigureAwait(false);
        return [.. results[0].Logits.Select(logits => Best(logits, Math.Min(top, logits.Length)))];
    }

    /// <summary>The probability of each class of a classifier.</summary>
    /// <param name="text">The text.</param>
    /// <param name="second">A second text, for classifiers of pairs; null: none.</param>
    /// <param name="cancellationToken">Ends the request before it runs.</param>
    /// <returns>All classes, in the order of the model.</returns>
    /// <exception cref="ModelTaskException">The model is no classifier.</exception>
    /// <exception cref="GenerationException">The text is too long.</exception>
    public async Task<IReadOnlyList<ClassProbability>> ClassifyAsync(string text, string? second = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        Require(ModelTask.SequenceClassification, "classify",
            "An encoder with a ...ForSequenceClassification head is needed");
        IReadOnlyList<EncodedToken> tokens = second is null
            ? Tokenizer.EncodeWithOffsets(text)
            : Tokenizer.EncodePair(text, second);
        var request = new EncodingRequest { Tokens = tokens.Select(token => token.Id).ToArray(), LogitsAt = [0] };

        // A first text has type 0, which is what no types mean; a second has its own, if the model knows it.
        if (second is not null && Model.Spec.Last.TokenTypes > 1)
            request = request with { TokenTypes = tokens.Select(token => token.TypeId).ToArray() };
        EncodingResult[] results = await Embedder.EncodeAsync(_opened, "text_classification", [request],
            cancellationToken).ConfigureAwait(false);
        double[] probabilities = Softmax(results[0].Logits[0]);
        return [.. probabilities.Select((p, i) => new ClassProbability
        {
            Index = i,
            Label = i < Labels.Count ? Labels[i] : $"LABEL_{i}",
            Probability = p,
        })];
    }

    /// <summary>
    /// Stops the engine (requests under way are cancelled), waits for it and gives the memory
    /// back. It may be done again, from any thread.
    /// </summary>
    public void Dispose() => _opened.Dispose();

    /// <summary>As <see cref="Dispose"/>, without blocking a thread.</summary>
    public ValueTask DisposeAsync() => _opened.DisposeAsync();

    /// <summary>The same encoder-decoder for its other task; it is opened once, and disposed once by either.</summary>
    internal Translator AsTranslator() => new(_opened);

    private void Require(ModelTask task, string verb, string needed)
    {
        if (Model.Spec.Task != task)
        {
            throw new ModelTaskException(
                $"{Name} is a {Model.Spec.Family} model for {Model.Spec.Task} and cannot {verb}. {needed}.");
        }
    }

    private FilledMask[] Best(float[] logits, int top)
    {
        double[] probabilities = Softmax(logits);
        return [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).Take(top)
            .Select(id => new FilledMask
            {
                TokenId = id,
                Text = id < Tokenizer.VocabularySize ? Tokenizer.Decode([id], skipSpecialTokens: false).Trim() : "",
                Probability = probabilities[id],
            })];
    }

    private static double[] Softmax(float[] logits)
    {
        double max = logits.Max();
        double[] values = [.. logits.Select(logit => Math.Exp(logit - max))];
        double sum = values.Sum();
        return [.. values.Select(value => value / sum)];
    }
}
