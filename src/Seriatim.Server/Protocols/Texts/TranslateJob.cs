using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>Texts to be translated.</summary>
internal sealed class TranslateJob : IJob
{
    public string? Model { get; set; }

    public IReadOnlyList<string> Texts { get; set; } = [];

    public TranslationOptions Options { get; set; } = new();

    /// <summary>Translations of each text.</summary>
    public int Count { get; set; } = 1;

    public JobPlan Plan(ModelUse use)
    {
        Translator translator = use.Translator();
        if (Count > 1 && translator.FillsIn)
            throw ApiException.Unsupported($"{use.Name} fills in whole translations and gives one of each; n is {Count}.", "n");
        TranslationOptions options = Options.Beams is null && Count > 1 ? Options with { Beams = Math.Max(4, Count) } : Options;
        if (options.Beams < Count)
            throw ApiException.Invalid($"n is {Count} of {options.Beams} beams; make beams as many.", "n", "invalid_value");
        return new JobPlan
        {
            Operation = "translation",
            Requests = [.. Texts.Select(text => translator.Request(text, options) with { Count = Count })],
        };
    }
}
