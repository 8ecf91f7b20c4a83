using Seriatim.Web.Texts;

namespace Seriatim.Web.Models;

/// <summary>What the view says.</summary>
internal static class ModelsTexts
{
    public static readonly Text Name = new("Models", "模型");

    public static readonly Text About = new("See what models are here, load and unload them.", "查看已有的模型，加载或卸载它们。");
}
