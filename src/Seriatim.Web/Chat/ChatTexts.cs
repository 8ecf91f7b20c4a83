using Seriatim.Web.Texts;

namespace Seriatim.Web.Chat;

/// <summary>What the view says.</summary>
internal static class ChatTexts
{
    public static readonly Text Name = new("Chat", "对话");

    public static readonly Text About = new("Talk with a model and see how sure it is of each token.", "与模型对话，并查看它对每个词元有多大把握。");
}
