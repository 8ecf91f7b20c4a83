using Seriatim.Web.Texts;

namespace Seriatim.Web.Microscope;

/// <summary>What the view says.</summary>
internal static class MicroscopeTexts
{
    public static readonly Text Name = new("Microscope", "显微镜");

    public static readonly Text About = new("Walk through the machine, step by step, with its own numbers.", "用真实数值，一步一步走过整台机器。");
}
