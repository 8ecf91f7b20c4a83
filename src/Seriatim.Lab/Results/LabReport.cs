namespace Seriatim.Lab;

/// <summary>A run of the lab: what <c>--json</c> prints and the page is made of.</summary>
/// <param name="Version">Version of the program.</param>
/// <param name="Made">When, in UTC.</param>
/// <param name="Machine">Where.</param>
/// <param name="Size">How thoroughly.</param>
/// <param name="Seed">Of everything random.</param>
/// <param name="Model">The user's model, or null.</param>
/// <param name="Interrupted">Whether it was stopped before its end.</param>
/// <param name="Results">In the order of the run.</param>
internal sealed record LabReport(
    string Version, DateTimeOffset Made, LabMachine Machine, LabSize Size, ulong Seed, string? Model, bool Interrupted,
    IReadOnlyList<LabResult> Results)
{
    /// <summary>Seconds of all experiments.</summary>
    public double Seconds => Results.Sum(result => result.Seconds);
}
