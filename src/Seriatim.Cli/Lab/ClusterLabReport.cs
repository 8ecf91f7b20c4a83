using Seriatim.Simulation;

namespace Seriatim.Cli;

/// <summary>What <c>lab cluster</c> tells. The same flags give the same bytes.</summary>
/// <param name="Cost">What steps take.</param>
/// <param name="Requests">Requests of the trace.</param>
/// <param name="Conversations">Conversations of it.</param>
/// <param name="PromptTokens">Tokens of prompts of all requests, with what went before.</param>
/// <param name="NewTokens">Tokens of all answers.</param>
/// <param name="Cell">Replicas that a door knows.</param>
/// <param name="Doors">Doors that know them.</param>
/// <param name="Outcomes">What came of it, for each routing.</param>
internal sealed record ClusterLabReport(MeasuredPrice Cost, int Requests, int Conversations, long PromptTokens, long NewTokens,
    int Cell, int Doors, ClusterOutcome[] Outcomes)
{
    public static ClusterLabReport Of(Trace trace, ClusterPlan plan, MeasuredPrice cost, ClusterOutcome[] outcomes) => new(cost,
        trace.Requests.Count, trace.First.Count, trace.Requests.Sum(request => (long)request.Length),
        trace.Requests.Sum(request => (long)request.Output), plan.Cell == 0 ? plan.Replicas : plan.Cell, plan.Doors, outcomes);
}
