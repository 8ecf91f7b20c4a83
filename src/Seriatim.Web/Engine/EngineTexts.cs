using Seriatim.Web.Texts;

namespace Seriatim.Web.Engine;

/// <summary>What the view says.</summary>
internal static class EngineTexts
{
    public static readonly Text Name = new("Engine", "引擎");

    public static readonly Text About = new("Watch requests share the steps and the memory of the engine.", "观察各请求如何共享引擎的步骤与内存。");
}
