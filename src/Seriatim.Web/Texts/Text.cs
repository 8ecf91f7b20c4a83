using System.Globalization;

namespace Seriatim.Web.Texts;

/// <summary>
/// Something the page says, in each of its languages: a text without one of them cannot be written. Each folder has its own in a
/// class whose name ends with <c>Texts</c>.
/// </summary>
/// <param name="English">In English.</param>
/// <param name="Chinese">In Chinese.</param>
public sealed record Text(string English, string Chinese)
{
    /// <summary>In a language.</summary>
    /// <param name="language">Which.</param>
    public string In(Language language) => language == Language.Chinese ? Chinese : English;

    /// <summary>In a language, with values at its places <c>{0}</c>, <c>{1}</c>, ...</summary>
    /// <param name="language">Which.</param>
    /// <param name="values">The values.</param>
    public string In(Language language, params object?[] values) =>
        string.Format(CultureInfo.InvariantCulture, In(language), values);
}
