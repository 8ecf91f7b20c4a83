namespace Seriatim.Cli;

/// <summary>One check of <c>seriatim check</c>.</summary>
/// <param name="Name">What was checked.</param>
/// <param name="Result"><c>passed</c>, <c>failed</c> or <c>skipped</c>.</param>
/// <param name="Detail">What was found, with numbers; why it failed or was skipped.</param>
internal sealed record CheckLine(string Name, string Result, string Detail)
{
    public static CheckLine Passed(string name, string detail) => new(name, "passed", detail);

    public static CheckLine Failed(string name, string detail) => new(name, "failed", detail);

    public static CheckLine Skipped(string name, string detail) => new(name, "skipped", detail);
}
