namespace Seriatim.Lab;

/// <summary>Words of the report, in both of its languages.</summary>
/// <param name="English">For <c>--lang en</c>.</param>
/// <param name="Chinese">For <c>--lang zh</c>: simplified.</param>
internal sealed record LabText(string English, string Chinese)
{
    /// <summary>The words in a language.</summary>
    public string In(LabLanguage language) => language == LabLanguage.Chinese ? Chinese : English;

    /// <summary>What is the same in both languages: names and numbers.</summary>
    public static implicit operator LabText(string both) => new(both, both);
}
