namespace Seriatim.Generation;

/// <summary>A grammar, a regular expression or a JSON Schema that cannot be read, or cannot be enforced.</summary>
public sealed class GrammarException : GenerationException
{
    /// <summary>An exception.</summary>
    /// <param name="source">What was read, e.g. <c>JSON Schema</c>.</param>
    /// <param name="place">Where: a JSON pointer, a line, a position; empty: the whole.</param>
    /// <param name="problem">What is wrong, and what to do.</param>
    public GrammarException(string source, string place, string problem)
        : base($"{source}{(place.Length == 0 ? "" : $" at {place}")}: {problem}")
    {
        Kind = source;
        Place = place;
    }

    /// <summary>What was read.</summary>
    public string Kind { get; }

    /// <summary>Where it is; empty: the whole.</summary>
    public string Place { get; }

    /// <summary>The keyword of a JSON Schema that cannot be enforced; null: it is something else.</summary>
    public string? Keyword { get; init; }
}
