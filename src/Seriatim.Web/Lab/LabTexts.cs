using Seriatim.Web.Texts;

namespace Seriatim.Web.Lab;

/// <summary>What the view says.</summary>
internal static class LabTexts
{
    public static readonly Text Name = new("Lab", "实验室");

    public static readonly Text About = new(
        "Measure on this machine what is claimed about Transformers.",
        "在本机上检验关于 Transformer 的论断。");

    public static readonly Text Choose = new("Experiments", "实验");
    public static readonly Text ChooseAbout = new(
        "Each has a claim, a formula that predicts it, and a rule that was written before it runs.",
        "每个实验都有论断、预测公式，以及运行前写下的判定规则。");
    public static readonly Text All = new("Choose all", "全选");
    public static readonly Text NoneOfThem = new("Choose none", "全不选");
    public static readonly Text Size = new("How thoroughly", "测量程度");
    public static readonly Text Tiny = new("Tiny: signs only", "极小：仅看趋势");
    public static readonly Text Quick = new("Quick: all of them in ten minutes", "快速：全部约十分钟");
    public static readonly Text Full = new("Full: all of them in an hour or more", "完整：全部一小时以上");
    public static readonly Text Model = new("Model, for those that take one", "模型（适用于需要模型的实验）");
    public static readonly Text OwnModel = new("their own", "实验自带");
    public static readonly Text Seed = new("Seed", "随机种子");
    public static readonly Text Run = new("Measure", "开始测量");
    public static readonly Text Stop = new("Stop, and keep what there is", "停止并保留已有结果");
    public static readonly Text Nothing = new("No experiment is chosen. Choose one or more.", "尚未选择实验。请至少选择一个。");
    public static readonly Text WrongSeed = new("The seed is {0}; a whole number of 0 or more is needed.", "随机种子为 {0}；需要非负整数。");
    public static readonly Text Disturbed = new(
        "What else this server does meanwhile disturbs the times, not the counts.",
        "此服务器同时进行的其他工作会影响计时，但不影响计数。");

    public static readonly Text Running = new("Measuring {0} of {1}", "正在测量第 {0} 个，共 {1} 个");
    public static readonly Text Machine = new("Measuring this machine…", "正在测量本机…");
    public static readonly Text Stopping = new("Stopping…", "正在停止…");
    public static readonly Text LossNow = new("Loss of the models that it trains", "正在训练的模型的损失");
    public static readonly Text TimeNow = new("Times of what it compares", "所比较各项的用时");
    public static readonly Text Step = new("step", "步");
    public static readonly Text Round = new("round", "轮");
    public static readonly Text Nats = new("nats", "奈特");
    public static readonly Text Milliseconds = new("milliseconds", "毫秒");
    public static readonly Text ModelNumber = new("model {0}", "模型 {0}");
    public static readonly Text Side = new("side {0}", "第 {0} 项");

    public static readonly Text Results = new("Results", "结果");
    public static readonly Text Claim = new("Claim", "论断");
    public static readonly Text Reports = new("Reports", "报告");
    public static readonly Text NoReports = new("None yet. What is measured is kept here.", "暂无。测量结果会保存在这里。");
    public static readonly Text Open = new("Open", "打开");
    public static readonly Text Delete = new("Delete", "删除");
    public static readonly Text DeleteReally = new("Delete for good", "永久删除");
    public static readonly Text Interrupted = new("interrupted", "已中断");
    public static readonly Text Experiments = new("{0} experiments", "{0} 个实验");
    public static readonly Text OneExperiment = new("1 experiment", "1 个实验");
    public static readonly Text NotKept = new(
        "The report cannot be kept: {0} Make room on the disk, or let the server write to another place (SERIATIM_DATA).",
        "无法保存报告：{0} 请清理磁盘，或让服务器写到其他位置（SERIATIM_DATA）。");
    public static readonly Text Broke = new("The run has ended: {0}", "运行已结束：{0}");
}
