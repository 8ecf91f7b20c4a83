using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim.Cli;

/// <summary>What <c>show --json</c> prints.</summary>
/// <param name="Name">What was asked for.</param>
/// <param name="Folder">Where it is.</param>
/// <param name="Architecture">Model type of the config.</param>
/// <param name="Task">What it was made for.</param>
/// <param name="Parameters">Trained values.</param>
/// <param name="WeightBytes">Memory of the weights.</param>
/// <param name="Context">Most positions of a sequence; missing where nothing limits it.</param>
/// <param name="Vocabulary">Token ids.</param>
/// <param name="Licence">As its card or file says; missing if they do not.</param>
/// <param name="ChatTemplate">Whether it says how conversations are written.</param>
/// <param name="Defaults">How it samples unless flags say otherwise; missing for models that do not generate.</param>
/// <param name="NotApplied">What its generation_config.json says beyond what is applied; missing if nothing.</param>
internal sealed record ModelSummary(
    string Name, string Folder, string Architecture, string Task, long Parameters, long WeightBytes, int? Context, int Vocabulary,
    string? Licence, bool ChatTemplate, SamplingSummary? Defaults, IReadOnlyList<string>? NotApplied)
{
    public static ModelSummary Of(LanguageModel model, string name, string folder)
    {
        ModelSpec spec = model.Model.Spec;
        bool generates = spec.Task is ModelTask.CausalLanguageModel or ModelTask.SequenceToSequence;
        return new ModelSummary(
            name, Path.GetFullPath(folder), spec.Family, $"{spec.Task}", model.Model.ParameterCount, model.Model.WeightBytes,
            spec.Context == int.MaxValue ? null : spec.Context, spec.Last.Vocabulary, ModelLicence.Of(folder, model.Model.Config),
            model.Tokenizer.ChatTemplate is not null, generates ? SamplingSummary.Of(model) : null,
            generates && model.Defaults.Notes.Count > 0 ? model.Defaults.Notes : null);
    }

    public IEnumerable<(string Name, string Value)> Rows()
    {
        yield return ("model", Name);
        yield return ("architecture", $"{Architecture}, {Task}");
        yield return ("parameters", $"{Parameters:N0} ({Terminal.Bytes(WeightBytes)})");
        yield return ("context", Context is { } context ? $"{context:N0} tokens" : "not limited");
        yield return ("vocabulary", $"{Vocabulary:N0}");
        yield return ("licence", Licence ?? "not said");
        yield return ("chat template", ChatTemplate ? "yes" : "no");
        if (Defaults is not null)
            yield return ("defaults", Defaults.Text);
        foreach (string note in NotApplied ?? [])
            yield return ("not applied", note);
        yield return ("folder", Folder);
    }
}

/// <summary>How a model samples by default.</summary>
/// <param name="Temperature">0: always the most probable token.</param>
/// <param name="TopK">0: off.</param>
/// <param name="TopP">1: off.</param>
/// <param name="MinP">0: off.</param>
/// <param name="RepetitionPenalty">1: off.</param>
internal sealed record SamplingSummary(float Temperature, int TopK, float TopP, float MinP, float RepetitionPenalty)
{
    /// <summary>As flags say it.</summary>
    public string Text
    {
        get
        {
            string penalty = RepetitionPenalty == 1 ? "" : FormattableString.Invariant($" --repeat-penalty {RepetitionPenalty}");
            return FormattableString.Invariant($"--temp {Temperature} --top-k {TopK} --top-p {TopP} --min-p {MinP}{penalty}");
        }
    }

    public static SamplingSummary Of(LanguageModel model)
    {
        SamplingOptions sampling = SamplerFlags.DefaultsOf(model);
        return new SamplingSummary(sampling.Temperature, sampling.TopK, sampling.TopP, sampling.MinP,
            sampling.Penalties.Repetition);
    }
}
