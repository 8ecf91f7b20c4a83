using Seriatim.Web.Texts;

namespace Seriatim.Web.Shell;

/// <summary>
/// What one tab of a browser has of its own: language, theme, the key that its user showed. One for each circuit.
/// </summary>
public sealed class PageSession
{
    /// <summary>The language.</summary>
    public Language Language { get; private set; }

    /// <summary>Whether the page is dark.</summary>
    public bool IsDark { get; private set; }

    /// <summary>The server's key; null: none was asked for, or none was given yet.</summary>
    public string? Key { get; private set; }

    /// <summary>A text in the page's language.</summary>
    /// <param name="text">The text.</param>
    public string this[Text text] => text.In(Language);

    /// <summary>A text in the page's language, with values.</summary>
    /// <param name="text">The text.</param>
    /// <param name="values">Values for its places.</param>
    public string this[Text text, params object?[] values] => text.In(Language, values);

    /// <summary>Tells that language or theme have changed.</summary>
    public event Action? Changed;

    /// <summary>Begins it with what the browser has kept.</summary>
    /// <param name="start">That.</param>
    public void Begin(PageStart start) => (Language, IsDark, Key) = (start.Language, start.IsDark, start.Key);

    /// <summary>Speaks another language.</summary>
    /// <param name="language">Which.</param>
    public void Speak(Language language)
    {
        Language = language;
        Changed?.Invoke();
    }

    /// <summary>Is light or dark.</summary>
    /// <param name="isDark">Which.</param>
    public void Shade(bool isDark)
    {
        IsDark = isDark;
        Changed?.Invoke();
    }
}
