using Seriatim.Web.Texts;

namespace Seriatim.Web.Shell;

/// <summary>What the frame of the page says.</summary>
internal static class ShellTexts
{
    public static readonly Text Views = new("Views", "视图");
    public static readonly Text Skip = new("Skip to the content", "跳到正文");
    public static readonly Text OtherLanguage = new("用中文显示", "Show in English（英文）");
    public static readonly Text Dark = new("Dark", "深色");
    public static readonly Text Light = new("Light", "浅色");
    public static readonly Text Reload = new("Load the page again", "重新载入页面");
    public static readonly Text TryAgain = new("Try again", "再试一次");
    public static readonly Text NothingHere = new("Nothing here", "这里什么也没有");
    public static readonly Text ChooseView = new("Choose a view of the list.", "请从列表中选择一个视图。");
    public static readonly Text Close = new("Close", "关闭");
    public static readonly Text Cancel = new("Cancel", "取消");
    public static readonly Text Copy = new("Copy", "复制");
    public static readonly Text Copied = new("Copied.", "已复制。");
    public static readonly Text CopyYourself = new(
        "The browser did not allow it; the text is selected, copy it yourself.",
        "浏览器不允许自动复制；文本已选中，请手动复制。");
    public static readonly Text Save = new("Save as a file", "保存为文件");
    public static readonly Text Model = new("Model", "模型");

    public static readonly Text TooLong = new(
        "The text has {0:N0} characters, and {1:N0} are the most that this box sends. Shorten it, or send it through the "
            + "HTTP API. It is all still here.",
        "文本有 {0:N0} 个字符，输入框最多发送 {1:N0} 个。请缩短它，或改用 HTTP 接口。内容都还在这里。");

    public static readonly Text KeyNeeded = new("A key, please", "请输入密钥");
    public static readonly Text Key = new("API key", "API 密钥");
    public static readonly Text Enter = new("Enter", "进入");

    public static readonly Text KeyAbout = new(
        "This server answers to those who have one of its API keys. The browser keeps it until it is closed; no script "
            + "can read it.",
        "此服务器只回答持有 API 密钥的人。浏览器会保存它直到关闭，任何脚本都读不到它。");

    public static readonly Text KeyWrong = new("The server does not know this key.", "服务器不认识这个密钥。");

    public static readonly Text NeedsScript = new(
        "This page is drawn by a script of this server. Allow scripts for it, or use the server's HTTP API.",
        "此页面由本服务器的脚本绘制。请允许它运行脚本，或使用服务器的 HTTP 接口。");

    public static readonly Text Reconnecting = new(
        "The connection to the server was lost. Trying to get it back; what you typed is still here.",
        "与服务器的连接已断开，正在重新连接。您输入的内容仍在。");

    public static readonly Text ServerGone = new(
        "The server does not answer. See whether it still runs (seriatim serve), then try again.",
        "服务器没有响应。请检查它是否仍在运行（seriatim serve），然后再试一次。");

    public static readonly Text ServerRestarted = new(
        "The server was started again and knows nothing of this page any more. Copy what you typed, then load the page again.",
        "服务器已重新启动，不再认识这个页面。请先复制您输入的内容，再重新载入页面。");

    public static readonly Text Broken = new(
        "Something in this page broke. This is a defect of Seriatim; please report it.",
        "页面出了故障。这是 Seriatim 的缺陷，请报告给我们。");
}
