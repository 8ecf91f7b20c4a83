namespace Seriatim;

/// <summary>A format of calls, and how the templates that mean it are known.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Format">The format.</param>
/// <param name="Marks">Marks that all stand in the template.</param>
internal sealed record ToolFormatRow(string Name, ToolFormat Format, IReadOnlyList<string> Marks)
{
    /// <summary>A mark that does not: another format has the others, too.</summary>
    public string? Without { get; init; }

    /// <summary>Whether a template means this format.</summary>
    public bool Means(string template) => Marks.All(mark => template.Contains(mark, StringComparison.Ordinal))
        && (Without is null || !template.Contains(Without, StringComparison.Ordinal));
}
