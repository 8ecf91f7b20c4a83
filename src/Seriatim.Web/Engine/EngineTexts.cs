using Seriatim.Web.Texts;

namespace Seriatim.Web.Engine;

/// <summary>What the view says.</summary>
internal static class EngineTexts
{
    public static readonly Text Name = new("Engine", "引擎");

    public static readonly Text About = new("Watch requests share the steps and the memory of the engine.", "观察各请求如何共享引擎的步骤与内存。");

    public static readonly Text Pause = new("Pause", "暂停");
    public static readonly Text Resume = new("Go on", "继续");
    public static readonly Text Record = new("Record", "录制");
    public static readonly Text StopRecording = new("Stop recording ({0})", "停止录制（{0}）");
    public static readonly Text Download = new("Download the trace ({0})", "下载记录（{0}）");
    public static readonly Text Open = new("Open a trace", "打开记录文件");
    public static readonly Text BackToLive = new("Back to the engine", "回到实时引擎");
    public static readonly Text TraceFull = new(
        "The trace has {0}, which is all it may have; recording has stopped. Download it.",
        "记录已达上限 {0}，录制已停止。请下载保存。");
    public static readonly Text TraceTooLong = new(
        "{0} has {1}; a trace may have {2}. Record a shorter one.",
        "{0} 的大小为 {1}；记录文件最多 {2}。请录制较短的记录。");
    public static readonly Text NotRead = new("{0} could not be read: {1} Choose it again.", "无法读取 {0}：{1} 请重新选择。");
    public static readonly Text NoTrace = new(
        "Line {0} is not a line of a trace ({1}). Choose a file that was recorded here, or with POST /v1/engine/watch.",
        "第 {0} 行不是引擎记录（{1}）。请选择在此处或用 POST /v1/engine/watch 录制的文件。");
    public static readonly Text EmptyTrace = new(
        "The file has no frame in it. Choose one that was recorded here, or with POST /v1/engine/watch.",
        "文件中没有任何帧。请选择在此处或用 POST /v1/engine/watch 录制的文件。");
    public static readonly Text Trace = new("Trace {0}: frame {1} of {2}", "记录 {0}：第 {1} 帧，共 {2} 帧");
    public static readonly Text Place = new("Place in the trace", "记录中的位置");
    public static readonly Text Play = new("Play", "播放");

    public static readonly Text Load = new("Make load", "制造负载");
    public static readonly Text StopLoad = new("Stop the load ({0} of {1} done)", "停止负载（已完成 {0}/{1}）");
    public static readonly Text Requests = new("Requests", "请求数");
    public static readonly Text Tokens = new("Tokens each", "每个的词元数");
    public static readonly Text LoadFailed = new("The load ended: {0}", "负载已结束：{0}");

    public static readonly Text NotOpen = new(
        "{0} is not open, so it has no engine ({1}). It opens with its first request: make load, or ask it something in Chat.",
        "{0} 尚未打开，因此没有引擎（{1}）。它会在收到第一个请求时打开：请制造负载，或在对话中向它提问。");
    public static readonly Text Lost = new("The stream of the engine has ended.", "引擎数据流已结束。");
    public static readonly Text TryAgain = new("Try again", "再试一次");

    public static readonly Text RowsPerSecond = new("Rows a second", "每秒行数");
    public static readonly Text RowsPerStep = new("Rows in a step", "每步行数");
    public static readonly Text StepTime = new("Time of a step", "每步用时");
    public static readonly Text Running = new("Running", "运行中");
    public static readonly Text Waiting = new("Waiting", "等待中");
    public static readonly Text Memory = new("Memory in use", "已用内存");
    public static readonly Text Saved = new("Prefix tokens saved", "前缀缓存省下的词元");
    public static readonly Text Preemptions = new("Preemptions", "抢占次数");
    public static readonly Text Drafts = new("Drafts accepted", "草稿接受率");

    public static readonly Text Steps = new("Steps", "步骤");
    public static readonly Text StepsAbout = new(
        "A column is one step of the engine: one pass through the model, in which all requests of the column share the "
            + "weights that are read. A lane is a request. Below: the time of each step.",
        "每一列是引擎的一步：一次模型计算，该列中的所有请求共享读取的权重。每一行是一个请求。下方是每步的用时。");
    public static readonly Text Lanes = new(
        "The last {0} steps, with {1} requests. Arrow keys choose a step.",
        "最近 {0} 步，涉及 {1} 个请求。用方向键选择一步。");
    public static readonly Text Hint = new(
        "Point at a step, or choose one with the arrow keys, to see who was in it.",
        "指向某一步，或用方向键选择，可查看其中的请求。");
    public static readonly Text LeftOut = new(
        "{0} steps of the last frame were too fast to be told one by one.",
        "上一帧中有 {0} 步过快，未逐一列出。");
    public static readonly Text KeyPrompt = new("piece of a prompt (higher: more rows)", "提示词片段（越高行数越多）");
    public static readonly Text KeyDecode = new("next token", "下一个词元");
    public static readonly Text KeyAccepted = new("draft accepted", "草稿被接受");
    public static readonly Text KeyRefused = new("draft refused", "草稿被拒绝");
    public static readonly Text KeyAgain = new("computed again", "重新计算");
    public static readonly Text KeyPreempted = new("memory taken away", "内存被收回");
    public static readonly Text Plan = new("planning", "调度");
    public static readonly Text Pass = new("model", "模型");
    public static readonly Text Pick = new("choosing tokens", "采样");
    public static readonly Text Idle = new("waiting for requests", "等待请求");
    public static readonly Text Step = new("step", "步");
    public static readonly Text Prompt = new("prompt", "提示词");
    public static readonly Text Decode = new("decode", "解码");
    public static readonly Text Again = new("again", "重算");
    public static readonly Text Source = new("source", "源文");
    public static readonly Text Whole = new("whole", "整体");
    public static readonly Text DraftsShort = new("drafts", "草稿");
    public static readonly Text Preempted = new("preempted", "被抢占");

    public static readonly Text Pages = new("Memory map", "内存图");
    public static readonly Text PagesAbout = new(
        "A square is a page of keys and values (or a state). Its colour is that of the request that holds it.",
        "每个方格是一页键值（或一个状态），颜色表示持有它的请求。");
    public static readonly Text Map = new(
        "{0}: {1}; of one request {2}, shared {3}, cached {4}, free {5}",
        "{0}：共 {1}；单个请求占用 {2}，共享 {3}，缓存 {4}，空闲 {5}");
    public static readonly Text Cell = new("A square stands for {0}, and is what most of them are.", "每个方格代表 {0} 个单元，显示其中最多的状态。");
    public static readonly Text KeyOwn = new("one request's", "单个请求");
    public static readonly Text KeyShared = new("shared", "共享");
    public static readonly Text KeyCached = new("kept by the prefix cache", "前缀缓存保留");
    public static readonly Text KeyFree = new("free", "空闲");

    public static readonly Text Prefixes = new("Prefix cache", "前缀缓存");
    public static readonly Text PrefixesAbout = new(
        "Texts that begin alike share their first pages: a bar is a run of pages, what goes on from it lies to its right. {0} "
            + "pages are kept.",
        "开头相同的文本共享前面的页：每个条形是一段连续的页，其后续在右侧。共保留 {0} 页。");
    public static readonly Text PrefixesLeftOut = new("{0} of them are not drawn.", "其中 {0} 页未画出。");
    public static readonly Text PrefixesNone = new(
        "Nothing is kept yet: a page is kept when it is full ({0} tokens).",
        "尚无保留：一页写满（{0} 个词元）后才会保留。");
    public static readonly Text PrefixesOff = new("This engine has no prefix cache.", "此引擎没有前缀缓存。");
    public static readonly Text KeyUsed = new("in use now", "正在使用");

    public static readonly Text Queue = new("Requests that run and wait", "运行和等待的请求");
    public static readonly Text QueueEmpty = new("Nothing runs and nothing waits.", "没有请求在运行或等待。");
    public static readonly Text QueueMore = new("{0} more are not listed.", "另有 {0} 个未列出。");
    public static readonly Text State = new("State", "状态");
    public static readonly Text StateRunning = new("running", "运行中");
    public static readonly Text StateWaiting = new("waiting", "等待中");
    public static readonly Text StateAside = new("set aside: its reader is slow", "暂置：读取方较慢");
    public static readonly Text PromptTokens = new("Prompt", "提示词");
    public static readonly Text CachedTokens = new("of it cached", "其中已缓存");
    public static readonly Text NewTokens = new("New", "新生成");
    public static readonly Text Sequences = new("Sequences", "序列数");
    public static readonly Text Taken = new("Preempted", "被抢占");

    public static readonly Text Where = new("Where the time goes", "时间去向");
    public static readonly Text WhereAbout = new("The last three seconds of the engine's thread.", "引擎线程最近三秒的用时。");

    public static readonly Text Limits = new("Limits", "限制");
    public static readonly Text Budget = new("Rows of a step, at most", "每步最多行数");
    public static readonly Text MostSequences = new("Sequences at a time, at most", "同时最多序列数");
    public static readonly Text MostQueued = new("Requests that may wait", "可等待的请求数");
    public static readonly Text LongestStep = new("Longest step that is aimed at", "目标最长步时");
    public static readonly Text PageSize = new("Tokens of a page", "每页词元数");
    public static readonly Text Context = new("Context", "上下文长度");
    public static readonly Text Weights = new("Weights", "权重");
    public static readonly Text Stage = new("Process {0} ({1}): layers {2} to {3}", "进程 {0}（{1}）：第 {2} 至 {3} 层");
    public static readonly Text StageTakes = new(
        "{0} weights, {1} room for texts, {2} in all", "权重 {0}，文本空间 {1}，共 {2}");
    public static readonly Text PerToken = new("Memory of a token", "每个词元的内存");
    public static readonly Text Threads = new("Threads", "线程");
    public static readonly Text ThreadsOf = new("{0} of {1} cores", "{0}（共 {1} 核）");
    public static readonly Text MemoryLimit = new("Memory for weights and pages", "权重和页可用内存");
    public static readonly Text ReadSpeed = new("Memory is read with", "内存读取速度");
    public static readonly Text Fma = new("Multiply-adds (F32)", "乘加（F32）");
    public static readonly Text Ceiling = new("One sequence can have at most", "单序列上限");
    public static readonly Text CeilingValue = new("{0} tokens/s: each reads all weights once", "{0} 词元/秒：每个词元都要读一遍全部权重");
    public static readonly Text Silos = new("Silos of the cluster {0}", "集群 {0} 的节点");
    public static readonly Text SilosAbout = new(
        "Servers that share their requests, as this one knows them.", "共享请求的各服务器（以本服务器所知为准）。");
    public static readonly Text StoreGone = new(
        "The store of the list cannot be reached ({0}): serving goes on with the silos that are known.",
        "无法连接成员列表的存储（{0}）：继续使用已知的节点提供服务。");
    public static readonly Text Silo = new("Silo", "节点");
    public static readonly Text Here = new("this server", "本服务器");
    public static readonly Text Replica = new("Model", "模型");
    public static readonly Text Fingerprint = new("Fingerprint", "指纹");
    public static readonly Text PagesInUse = new("Pages in use", "已用页");
    public static readonly Text NoReplica = new("no model", "无模型");
    public static readonly Text ReplicaClosed = new("not open", "未打开");
    public static readonly Text SiloActive = new("active", "可用");
    public static readonly Text SiloDraining = new("draining", "正在停止");
    public static readonly Text SiloSilent = new("silent", "无响应");
    public static readonly Text Measure = new("Measure this machine", "测量本机");
    public static readonly Text Measuring = new("Measuring…", "正在测量…");
    public static readonly Text MeasureAbout = new(
        "Takes all cores for some seconds, and 512 MB; what runs meanwhile is slower.",
        "会占用全部核心数秒和 512 MB 内存；期间其他任务会变慢。");
}
