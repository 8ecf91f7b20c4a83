namespace Seriatim.Web.Texts;

/// <summary>Something that cannot be done, in the page's languages: what is wrong, both numbers, and what to do.</summary>
/// <param name="text">What to say.</param>
/// <param name="values">Values for its places.</param>
internal sealed class SaidException(Text text, params object?[] values)
    : SeriatimException(text.In(Language.English, values))
{
    /// <summary>In a language.</summary>
    public string In(Language language) => text.In(language, values);
}
