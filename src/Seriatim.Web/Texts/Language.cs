namespace Seriatim.Web.Texts;

/// <summary>A language of the page.</summary>
public enum Language
{
    /// <summary>English.</summary>
    English,

    /// <summary>Chinese, in simplified characters.</summary>
    Chinese,
}
