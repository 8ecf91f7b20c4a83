using Seriatim.Web.Texts;

namespace Seriatim.Web.Models;

/// <summary>What the view says.</summary>
internal static class ModelsTexts
{
    public static readonly Text Name = new("Models", "模型");

    public static readonly Text About = new(
        "See what models are here, load and unload them.", "查看已有的模型，加载或卸载它们。");

    public static readonly Text Memory = new("Memory of models", "模型内存");
    public static readonly Text MemoryOf = new("{0} of {1}", "{0} / {1}");
    public static readonly Text Loaded = new("loaded", "已加载");
    public static readonly Text Unloaded = new("not loaded", "未加载");
    public static readonly Text Loading = new("loading", "正在加载");
    public static readonly Text Failed = new("failed", "失败");
    public static readonly Text OnDisk = new("{0} on disk", "磁盘 {0}");
    public static readonly Text InMemory = new("{0} of memory, context {1}", "内存 {0}，上下文 {1}");
    public static readonly Text Until = new("unloaded in {0:0} min if nobody uses it", "无人使用时 {0:0} 分钟后卸载");
    public static readonly Text Load = new("Load", "加载");
    public static readonly Text Unload = new("Unload", "卸载");
    public static readonly Text Working = new("Working", "处理中");
    public static readonly Text Quantize = new("Quantise", "量化");
    public static readonly Text Mix = new("Kind of quantisation", "量化类型");
    public static readonly Text IsThere = new(
        "{0} is there already. Load it, or choose another kind of quantisation.",
        "{0} 已经存在。请加载它，或选择其他量化类型。");
    public static readonly Text Broke = new("It has ended: {0}", "任务已结束：{0}");
    public static readonly Text Tasks = new("What is and was done", "进行中和已完成的任务");
    public static readonly Text Done = new("done", "完成");
    public static readonly Text Fetch = new("Fetch a model", "获取模型");
    public static readonly Text FetchName = new("Name on the hub", "在 Hub 上的名称");
    public static readonly Text FetchNow = new("Fetch", "获取");

    public static readonly Text NoFolder = new(
        "Models can be quantised here where the server has a folder to write to: seriatim serve --models-dir FOLDER.",
        "如需在此量化模型，服务器要有可写的文件夹：seriatim serve --models-dir 文件夹。");

    public static readonly Text NotAllowed = new(
        "Whoever runs the server has not allowed its page to fetch or write models: seriatim serve --allow-pull.",
        "服务器的运行者未允许页面获取或写入模型：seriatim serve --allow-pull。");
}
