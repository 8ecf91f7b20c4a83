using Seriatim.Generation;
using Seriatim.Server;
using Seriatim.Tokenizers;
using Seriatim.Web.Calls;

namespace Seriatim.Web.Translate;

/// <summary>
/// What the API does not tell of a translation, asked of the library on the server's own models: where each token looks, and the
/// passes of a model that fills in whole translations.
/// </summary>
internal sealed class TranslateInside(InsideCalls calls)
{
    /// <summary>What a model is like.</summary>
    public async Task<TranslatorFacts> FactsAsync(string model, CancellationToken cancellationToken)
    {
        using ModelUse use = await calls.UseAsync(model, cancellationToken);
        Translator translator = use.Translator();
        return new TranslatorFacts(translator.FillsIn, translator.Directions);
    }

    /// <summary>Which tokens of the source each token of a translation was read from.</summary>
    public async Task<TranslationAlignment> AlignAsync(
        string model, string source, string translation, TranslationOptions options, CancellationToken cancellationToken)
    {
        using ModelUse use = await calls.UseAsync(model, cancellationToken);
        use.RequireNoAdapter();
        return await calls.ReadAsync(model,
            () => use.Translator().AlignAsync(source, translation, options, null, cancellationToken),
            alignment => alignment.Source.Count + alignment.Target.Count, cancellationToken);
    }

    /// <summary>The passes over a text.</summary>
    public async Task<IReadOnlyList<Refinement>> RefineAsync(
        string model, string source, TranslationOptions options, CancellationToken cancellationToken)
    {
        using ModelUse use = await calls.UseAsync(model, cancellationToken);
        use.RequireNoAdapter();
        Translator translator = use.Translator();
        var steps = new Steps();
        await calls.ReadAsync(model,
            () => translator.TranslateAsync(source, options with { Steps = steps }, cancellationToken),
            _ => steps.All.Sum(step => step.TokenIds.Count), cancellationToken);
        return [.. steps.All.Select(step => Refinement.Of(step, translator.Tokenizer))];
    }

    private sealed class Steps : IProgress<RefinementStep>
    {
        public List<RefinementStep> All { get; } = [];

        public void Report(RefinementStep value) => All.Add(value);
    }
}
