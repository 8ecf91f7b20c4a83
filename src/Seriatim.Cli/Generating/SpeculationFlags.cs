using System.CommandLine;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>Drafts that are verified in one pass: faster, never different.</summary>
internal sealed class SpeculationFlags
{
    private readonly Option<string?> _model = Flag.Maybe<string>("A smaller model with the same vocabulary, which drafts.",
        "model", "--draft-model", "-md", "--model-draft");
    private readonly Option<bool> _lookup =
        Flag.Switch("Draft what followed the last tokens where they stood before.", "--prompt-lookup");
    private readonly Option<int> _most = Flag.Of("Most drafted tokens a step.", "n", 8, "--draft-max", "--draft");
    private readonly Option<int> _ngram =
        Flag.Of("Prompt lookup: longest n-gram that is looked for.", "n", 3, "--lookup-ngram-size");
    private readonly Option<int> _branches = Flag.Of("Prompt lookup: continuations tried at once.", "n", 1, "--lookup-branches");

    public IEnumerable<Option> All => [_model, _lookup, _most, _ngram, _branches];

    public string? DraftModel(ParseResult result) => result.GetValue(_model);

    public SpeculationOptions? Read(ParseResult result)
    {
        bool model = result.GetValue(_model) is not null, lookup = result.GetValue(_lookup);
        if (model && lookup)
            throw new UsageException("Give --draft-model or --prompt-lookup, not both.");
        result.Require(model || lookup, "--draft-model or --prompt-lookup", _most);
        result.Require(lookup, "--prompt-lookup", _ngram, _branches);
        if (!model && !lookup)
            return null;
        return new SpeculationOptions
        {
            Kind = model ? SpeculationKind.DraftModel : SpeculationKind.PromptLookup,
            MaxTokens = result.GetValue(_most),
            MaxNgram = result.GetValue(_ngram),
            Branches = result.GetValue(_branches),
        };
    }
}
