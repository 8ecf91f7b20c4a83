using Seriatim.Web.Texts;

namespace Seriatim.Web.Training;

/// <summary>What the view says.</summary>
internal static class TrainingTexts
{
    public static readonly Text Name = new("Training", "训练");

    public static readonly Text About = new("Train a small model and talk with it.", "训练一个小模型，并与它对话。");
}
