using Seriatim.Web.Texts;

namespace Seriatim.Web.Lab;

/// <summary>What the view says.</summary>
internal static class LabTexts
{
    public static readonly Text Name = new("Lab", "实验室");

    public static readonly Text About = new("Run experiments and see what is true on this machine.", "运行实验，看看哪些说法在这台机器上成立。");
}
