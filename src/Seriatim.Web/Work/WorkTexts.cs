using Seriatim.Web.Texts;

namespace Seriatim.Web.Work;

/// <summary>What is said of work that takes long.</summary>
internal static class WorkTexts
{
    public static readonly Text Busy = new(
        "One thing at a time takes all cores, and something is being done: wait for it, or stop it.",
        "同一时间只能有一项任务占用全部核心，而现在已有任务：请等待或停止它。");
    public static readonly Text Training = new("A model is trained (view Training).", "正在训练模型（“训练”视图）。");
    public static readonly Text Quantizing = new("A model is quantised (view Models).", "正在量化模型（“模型”视图）。");
    public static readonly Text Lab = new("The lab measures (view Lab).", "实验室正在测量（“实验室”视图）。");

    public static readonly Text NotAllowed = new(
        "Who runs this server has not allowed it: it takes all cores for a long time, and writes to the disk. It is allowed "
            + "where programs of this machine alone are served, without keys, or with: seriatim serve --allow-training",
        "此服务器的管理者没有允许：这会长时间占用全部核心并写入磁盘。仅服务本机程序且无密钥时允许，或使用：seriatim serve --allow-training");
}
