using System.Runtime.CompilerServices;
using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>An encoder-decoder that turns texts into texts: translation, summaries. Beam search unless told otherwise.</summary>
/// <example><code>
/// using var translator = await Translator.OpenAsync("path/to/model");
/// Console.WriteLine(await translator.TranslateAsync("我爱学习"));
/// </code></example>
public sealed class Translator : IDisposable
{
    /// <summary>How many texts of <see cref="TranslateManyAsync"/> are under way at once.</summary>
    private const int AtOnce = 32;

    private readonly OpenedModel _opened;

    private Translator(OpenedModel opened) => _opened = opened;

    /// <summary>What it was opened by.</summary>
    public string Name => _opened.Name;

    /// <summary>The weights and their shape.</summary>
    public Model Model => _opened.Model;

    /// <summary>The tokenizer that belongs to the model.</summary>
    public Tokenizer Tokenizer => _opened.Tokenizer;

    /// <summary>The engine.</summary>
    public GenerationEngine Engine => _opened.Engine;

    /// <summary>Opens a model.</summary>
    /// <param name="name">A folder in the Hugging Face layout, a built-in name or a hub id, as <see cref="ModelHub.ResolveAsync"/> finds it.</param>
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
        if (opened.Model.Spec is { Encoder: not null, Decoder: not null })
            return new Translator(opened);
        string family = opened.Model.Spec.Family;
        opened.Dispose();
        throw new ModelTaskException($"{name} is a {family} model and does not turn texts into texts. An encoder-decoder is needed (t5, bart, marian).");
    }

    /// <summary>Translates a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="beams">Beams; 1: the most probable token each time.</param>
    /// <param name="maxNewTokens">Most new tokens; null: until the model ends the text or its context is full.</param>
    /// <param name="cancellationToken">Ends the request at the next step.</param>
    /// <exception cref="GenerationException">The text is too long, or an option is not allowed.</exception>
    public async Task<string> TranslateAsync(string text, int beams = 4, int? maxNewTokens = null, CancellationToken cancellationToken = default) =>
        (await Start(text, beams, maxNewTokens, cancellationToken).ConfigureAwait(false)).Choices[0].Text.Trim();

    /// <summary>Translates texts, many at once, and gives them in their order as soon as each is ready.</summary>
    /// <param name="texts">The texts; read as they are needed, so they may be endless.</param>
    /// <param name="beams">Beams; 1: the most probable token each time.</param>
    /// <param name="maxNewTokens">Most new tokens of each; null: until the model ends the text or its context is full.</param>
    /// <param name="cancellationToken">Ends the requests at the next step.</param>
    /// <exception cref="GenerationException">A text is too long, or an option is not allowed.</exception>
    public async IAsyncEnumerable<string> TranslateManyAsync(
        IEnumerable<string> texts, int beams = 4, int? maxNewTokens = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new Queue<Task<GenerationResult>>();
        try
        {
            foreach (string text in texts)
            {
                running.Enqueue(Start(text, beams, maxNewTokens, stop.Token));
                if (running.Count == AtOnce)
                    yield return (await running.Dequeue().ConfigureAwait(false)).Choices[0].Text.Trim();
            }

            while (running.Count > 0)
                yield return (await running.Dequeue().ConfigureAwait(false)).Choices[0].Text.Trim();
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The request that a text makes, for what the methods above have no words for; give it to <see cref="Engine"/>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="beams">Beams; 1: the most probable token each time.</param>
    public GenerationRequest Request(string text, int beams = 4) => RequestBuilder.FromText(_opened, text) with
    {
        Sampling = SamplingOptions.Greedy,
        Beam = beams == 1 ? null : new BeamOptions { Beams = beams },
    };

    /// <summary>Stops the engine (requests under way are cancelled) and gives the memory back.</summary>
    public void Dispose() => _opened.Dispose();

    private Task<GenerationResult> Start(string text, int beams, int? maxNewTokens, CancellationToken cancellationToken) =>
        _opened.Submit("translate", Request(text, beams) with { MaxNewTokens = maxNewTokens }, cancellationToken).Completion;
}
