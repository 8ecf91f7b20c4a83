namespace Seriatim.Cli;

/// <summary>What <c>check --json</c> prints.</summary>
/// <param name="Model">What was checked.</param>
/// <param name="Other">What it was compared with; missing: nothing.</param>
/// <param name="Passed">Whether no check failed.</param>
/// <param name="Checks">All checks, in their order.</param>
/// <param name="Comparison">The logits of both; missing where there is no other.</param>
internal sealed record CheckReport(
    string Model, string? Other, bool Passed, IReadOnlyList<CheckLine> Checks, LogitsComparison? Comparison);
