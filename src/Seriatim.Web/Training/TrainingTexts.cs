using Seriatim.Web.Texts;

namespace Seriatim.Web.Training;

/// <summary>What the view says.</summary>
internal static class TrainingTexts
{
    public static readonly Text Name = new("Training", "训练");

    public static readonly Text About = new("Train a small model on your own text.", "用自己的文本训练一个小模型。");

    public static readonly Text New = new("A new model", "新模型");
    public static readonly Text From = new("What it learns from", "从什么学习");
    public static readonly Text OwnText = new("A text of your own", "自己的文本");
    public static readonly Text OwnTextAbout = new(
        "A file of plain text (UTF-8), {0} at most. Everybody who may open this page can see what the model makes of it.",
        "纯文本文件（UTF-8），最大 {0}。所有能打开此页面的人都能看到模型由此生成的内容。");
    public static readonly Text Recipe = new("A recipe of this server: {0}", "此服务器的配方：{0}");
    public static readonly Text Choose = new("Choose a file", "选择文件");
    public static readonly Text Chosen = new("{0}: {1}, {2} characters", "{0}：{1}，{2} 个字符");
    public static readonly Text Reading = new("Reading {0}…", "正在读取 {0}…");
    public static readonly Text Title = new("Name", "名称");
    public static readonly Text TitleAbout = new("The model is served under it.", "模型将以此名称提供。");
    public static readonly Text Size = new("Size", "规模");
    public static readonly Text Tiny = new("Tiny", "极小");
    public static readonly Text TinyAbout = new("2 layers of 64: learns words in a minute or two.", "2 层，宽 64：一两分钟学会单词。");
    public static readonly Text Small = new("Small", "小");
    public static readonly Text SmallAbout = new("4 layers of 128: learns phrases in some minutes.", "4 层，宽 128：几分钟学会短语。");
    public static readonly Text Medium = new("Medium", "中");
    public static readonly Text MediumAbout = new(
        "6 layers of 256: learns sentences in an hour or more. Wants a text of some megabytes.",
        "6 层，宽 256：一小时以上学会句子。需要几兆字节的文本。");
    public static readonly Text Steps = new("Steps", "步数");
    public static readonly Text Prompt = new("Samples go on from", "样例的开头");
    public static readonly Text PromptAbout = new("Empty: from the beginning of the text.", "留空：使用文本的开头。");
    public static readonly Text Estimate = new("See what it takes", "估算所需资源");
    public static readonly Text Discard = new("Discard", "放弃");
    public static readonly Text Start = new("Start training", "开始训练");
    public static readonly Text Stop = new("Stop with a checkpoint", "停止并保存检查点");
    public static readonly Text Resume = new("Go on", "继续训练");
    public static readonly Text UseInChat = new("Use it in Chat", "在对话中使用");
    public static readonly Text Curves = new("All curves", "全部曲线");
    public static readonly Text Delete = new("Delete", "删除");
    public static readonly Text DeleteReally = new("Delete {0} for good", "永久删除 {0}");
    public static readonly Text Look = new("Look", "查看");

    public static readonly Text NoFile = new("No text is chosen. Choose a file of plain text.", "尚未选择文本。请选择一个纯文本文件。");
    public static readonly Text NoTitle = new("The name is empty. Give the model one.", "名称为空。请为模型命名。");
    public static readonly Text LongTitle = new(
        "The name has {0} characters; {1} at most are allowed.",
        "名称有 {0} 个字符；最多允许 {1} 个。");
    public static readonly Text WrongSteps = new("{0} steps; {1} to {2} are allowed.", "步数为 {0}；允许 {1} 到 {2}。");
    public static readonly Text LongPrompt = new(
        "The beginning of samples has {0} characters; {1} at most are allowed.",
        "样例开头有 {0} 个字符；最多允许 {1} 个。");
    public static readonly Text Empty = new("{0} is empty. Choose a file with text in it.", "{0} 是空文件。请选择含有文本的文件。");
    public static readonly Text TooLong = new(
        "{0} has {1}; {2} at most are taken here, and nothing of it was read. Cut it, or train on it with: seriatim train",
        "{0} 的大小为 {1}；此处最多接受 {2}，未读取任何内容。请截短，或用 seriatim train 训练。");
    public static readonly Text TooShort = new(
        "{0} has {1} characters; at least {2} are needed, so that something is left to validate on.",
        "{0} 只有 {1} 个字符；至少需要 {2} 个，以便留出验证部分。");
    public static readonly Text NoText = new(
        "{0} is no plain text: byte {1} is not UTF-8. Save it as text in UTF-8, and choose it again.",
        "{0} 不是纯文本：第 {1} 个字节不是 UTF-8。请另存为 UTF-8 文本后重新选择。");
    public static readonly Text NotRead = new("{0} could not be read: {1} Choose it again.", "无法读取 {0}：{1} 请重新选择。");
    public static readonly Text NotWritten = new(
        "The run cannot be written: {0} Make room on the disk, or let the server write to another place (SERIATIM_DATA).",
        "无法写入：{0} 请清理磁盘，或让服务器写到其他位置（SERIATIM_DATA）。");
    public static readonly Text NoMemory = new(
        "The weights and their gradients alone need more than the {0} of this machine. Choose a smaller size.",
        "仅权重和梯度就超过本机的 {0} 内存。请选择较小的规模。");
    public static readonly Text TooLarge = new(
        "The run needs about {0}; this machine has {1}. Choose a smaller size.",
        "训练约需 {0}；本机有 {1}。请选择较小的规模。");
    public static readonly Text Tight = new(
        "The run needs about {0}, and {1} are free: it may become slow.",
        "训练约需 {0}，可用 {1}：可能会变慢。");
    public static readonly Text RecipeGone = new("The recipe {0} is not here any more.", "配方 {0} 已不存在。");

    public static readonly Text Needs = new("What it takes", "所需资源");
    public static readonly Text Parameters = new("Parameters", "参数");
    public static readonly Text Memory = new("Memory", "内存");
    public static readonly Text MemoryParts = new(
        "weights {0}, gradients {1}, moments {2}, activations about {3}",
        "权重 {0}，梯度 {1}，动量 {2}，激活约 {3}");
    public static readonly Text Time = new("Time, about", "预计用时");
    public static readonly Text TimeAbout = new(
        "with {0} of {1} cores at half of their multiply-adds, if nothing else runs",
        "使用 {1} 核中的 {0} 核，按其乘加能力的一半计算，且无其他任务");
    public static readonly Text Unknown = new("not known", "未知");

    public static readonly Text Step = new("Step", "步");
    public static readonly Text StepOf = new("{0} of {1}", "{0} / {1}");
    public static readonly Text Loss = new("Loss", "损失");
    public static readonly Text Validation = new("Validation", "验证");
    public static readonly Text TokensPerSecond = new("Tokens a second", "每秒 token");
    public static readonly Text Left = new("Time left", "剩余时间");
    public static readonly Text Peak = new("Of the machine's peak", "占本机峰值");
    public static readonly Text LossChart = new("Loss over steps", "损失曲线");
    public static readonly Text LossAxis = new("nats a token", "奈特/词元");
    public static readonly Text TrainLine = new("training", "训练");
    public static readonly Text ValidationLine = new("validation", "验证");
    public static readonly Text Samples = new("What it writes", "生成样例");
    public static readonly Text SamplesAbout = new(
        "At each checkpoint the model goes on from the same beginning, with the same dice.",
        "每个检查点上，模型从同一开头、用同样的随机数继续写。");
    public static readonly Text AfterSteps = new("after {0} steps", "{0} 步之后");
    public static readonly Text NoSamples = new("Samples come with the first checkpoint.", "第一个检查点之后会有样例。");
    public static readonly Text NoSampleOf = new(
        "Models of this kind are tried in Translate, or by the API, when they are finished.",
        "此类模型完成后，可在“翻译”视图或通过 API 试用。");

    public static readonly Text Runs = new("Runs", "训练记录");
    public static readonly Text NoRuns = new("None yet.", "暂无。");
    public static readonly Text Served = new("served as {0}", "以 {0} 提供服务");
    public static readonly Text Preparing = new("Making vocabulary and data ready…", "正在准备词表和数据…");
    public static readonly Text StatePreparing = new("preparing", "准备中");
    public static readonly Text StateReady = new("ready", "就绪");
    public static readonly Text StateRunning = new("training", "训练中");
    public static readonly Text StateStopping = new("stopping", "正在停止");
    public static readonly Text StateStopped = new("stopped", "已停止");
    public static readonly Text StateDone = new("done", "已完成");
    public static readonly Text StateFailed = new("failed", "失败");

    /// <summary>The word of a state.</summary>
    public static Text Of(TrainingState state) => state switch
    {
        TrainingState.Preparing => StatePreparing,
        TrainingState.Ready => StateReady,
        TrainingState.Running => StateRunning,
        TrainingState.Stopping => StateStopping,
        TrainingState.Stopped => StateStopped,
        TrainingState.Done => StateDone,
        _ => StateFailed,
    };
}
