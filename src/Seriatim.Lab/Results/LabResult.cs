namespace Seriatim.Lab;

/// <summary>What an experiment brought.</summary>
/// <param name="Name">The experiment.</param>
/// <param name="Verdict">By its rule; nobody writes it.</param>
/// <param name="Figures">In the order they were measured.</param>
/// <param name="Tables">Raw figures.</param>
/// <param name="Plot">The picture, if it came so far.</param>
/// <param name="Notes">What a reader must know: lengths that did not fit, a model that stood in, what surprises.</param>
/// <param name="Skipped">Why it was not run, or null.</param>
/// <param name="Model">The model it ran on, or null where it has none or trains its own.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record LabResult(
    string Name, Verdict Verdict, IReadOnlyList<Figure> Figures, IReadOnlyList<LabTable> Tables, LabPlot? Plot,
    IReadOnlyList<LabText> Notes, LabText? Skipped, string? Model, double Seconds);
