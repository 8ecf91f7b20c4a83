namespace Seriatim.Lab;

/// <summary>The report's own words.</summary>
internal static class LabWords
{
    public static LabText Title { get; } = new("Seriatim lab", "Seriatim 实验室");

    public static LabText Source { get; } = new("Source", "出处");

    public static LabText Formula { get; } = new("Prediction", "预测");

    public static LabText Rule { get; } = new("Rule, written before the run", "运行前写下的判定规则");

    public static LabText Figures { get; } = new("Figures", "数据");

    public static LabText Figure { get; } = new("figure", "项目");

    public static LabText Value { get; } = new("value", "数值");

    public static LabText Timed { get; } = new("measured by the clock: varies from run to run", "计时所得:每次运行会有变化");

    public static LabText Processor { get; } = new("Processor", "处理器");

    public static LabText Threads { get; } = new("Threads", "线程");

    public static LabText Memory { get; } = new("Memory", "内存");

    public static LabText Read { get; } = new("Memory is read with", "内存读取速度");

    public static LabText MultiplyAdds { get; } = new("F32 multiply-adds", "F32 乘加");

    public static LabText Took { get; } = new("Took", "用时");

    public static LabText Size { get; } = new("Size", "规模");

    public static LabText Model { get; } = new("Model", "模型");

    public static LabText Summary { get; } = new("Claims", "论断");

    public static LabText Verdicts { get; } = new("Verdict", "结论");

    public static LabText Interrupted { get; } = new(
        "The run was interrupted: what had been measured is here.", "运行被中断:以下是已测得的内容。");

    public static LabText NoFigure { get; } = new("not measured", "未测得");

    /// <summary>The words of a verdict.</summary>
    public static LabText Of(Verdict verdict) => verdict switch
    {
        Verdict.Holds => new("holds", "成立"),
        Verdict.HoldsWithAnotherFactor => new("holds with another factor", "成立,但倍数不同"),
        Verdict.DoesNotHold => new("does not hold on this machine", "在本机不成立"),
        Verdict.Unfinished => new("unfinished", "未完成"),
        Verdict.Skipped => new("skipped", "已跳过"),
        _ => new("failed", "出错"),
    };

    /// <summary>The words of a size.</summary>
    public static LabText Of(LabSize size) => size switch
    {
        LabSize.Tiny => new("tiny", "极小"),
        LabSize.Quick => new("quick", "快速"),
        _ => new("full", "完整"),
    };
}
