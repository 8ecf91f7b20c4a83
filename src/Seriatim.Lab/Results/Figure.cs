namespace Seriatim.Lab;

/// <summary>A measured or counted number of an experiment.</summary>
/// <param name="Key">Its name in JSON and in rules: lower case, words joined by hyphens.</param>
/// <param name="Value">The number.</param>
/// <param name="Unit">Its unit, such as <c>tokens/s</c>, <c>bytes</c>, <c>x</c> for a factor, or empty.</param>
/// <param name="Words">What it is.</param>
/// <param name="Timed">Whether it depends on a clock: all others are the same in each run with the same seed.</param>
internal sealed record Figure(string Key, double Value, string Unit, LabText Words, bool Timed);
