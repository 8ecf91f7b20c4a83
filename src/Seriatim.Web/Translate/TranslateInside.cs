using Seriatim.Generation;
using Seriatim.Server;
using Seriatim.Tokenizers;

namespace Seriatim.Web.Translate;

/// <summary>
/// What the API does not tell of a translation, asked of the library on the server's own models: where each token looks, and the
/// passes of a model that fills in whole translations.
/// </summary>
internal sealed class TranslateInside(ServerCore core)
{
    /// <summary>What a model is like.</summary>
    public async Task<TranslatorFacts> FactsAsync(string model, CancellationToken cancellationToken)
    {
        using ModelUse use = await core.Models.Find(model).UseAsync(cancellationToken).ConfigureAwait(false);
        Translator translator = use.Translator();
        return new TranslatorFacts(translator.FillsIn, translator.Directions);
    }

    /// <summary>Which tokens of the source each token of a translation was read from.</summary>
    public async Task<TranslationAlignment> AlignAsync(
        string model, string source, string translation, TranslationOptions options, CancellationToken cancellationToken)
    {
        using ModelUse use = await core.Models.Find(model).UseAsync(cancellationToken).ConfigureAwait(false);
        return await use.Translator().AlignAsync(source, translation, options, null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The passes over a text.</summary>
    public async Task<IReadOnlyList<Refinement>> RefineAsync(
        string model, string source, TranslationOptions options, CancellationToken cancellationToken)
    {
        using ModelUse use = await core.Models.Find(model).UseAsync(cancellationToken).ConfigureAwait(false);
        Translator translator = use.Translator();
        var steps = new Steps();
        await translator.TranslateAsync(source, options with { Steps = steps }, cancellationToken).ConfigureAwait(false);
        return [.. steps.All.Select(step => Refinement.Of(step, translator.Tokenizer))];
    }

    private sealed class Steps : IProgress<RefinementStep>
    {
        public List<RefinementStep> All { get; } = [];

        public void Report(RefinementStep value) => All.Add(value);
    }
}
