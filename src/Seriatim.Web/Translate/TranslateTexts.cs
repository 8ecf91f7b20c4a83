using Seriatim.Web.Texts;

namespace Seriatim.Web.Translate;

/// <summary>What the view says.</summary>
internal static class TranslateTexts
{
    public static readonly Text Name = new("Translate", "翻译");

    public static readonly Text About = new("Translate both ways, with every hypothesis and its score.", "双向翻译，列出每个候选及其得分。");
}
