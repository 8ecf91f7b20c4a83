namespace Seriatim.Generation;

/// <summary>
/// What an engine has counted since it began. May be read by any thread, at any time, and after its end too, so that whoever sums
/// up over engines loses nothing.
/// </summary>
/// <param name="Steps">Steps.</param>
/// <param name="TokensSaved">Tokens that did not have to be computed because others had been.</param>
/// <param name="StateHits">Requests that went on from a state that was kept; 0 for models without states.</param>
/// <param name="HasStates">Whether its model has states.</param>
/// <param name="StepRows">Steps by their rows.</param>
/// <param name="SpeculationSeconds">What speculation has saved, less what it has cost.</param>
internal readonly record struct EngineTotals(
    long Steps, long TokensSaved, long StateHits, bool HasStates, StepRowCounts StepRows, double SpeculationSeconds)
{
    public static EngineTotals operator +(EngineTotals one, EngineTotals other) => new(one.Steps + other.Steps,
        one.TokensSaved + other.TokensSaved, one.StateHits + other.StateHits, one.HasStates || other.HasStates,
        one.StepRows + other.StepRows, one.SpeculationSeconds + other.SpeculationSeconds);
}
