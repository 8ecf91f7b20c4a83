using Seriatim.Web.Texts;

namespace Seriatim.Web.Chat;

/// <summary>What the view says.</summary>
internal static class ChatTexts
{
    public static readonly Text Name = new("Chat", "对话");

    public static readonly Text About = new(
        "Talk with a model and see how sure it is of each token.", "与模型对话，并查看它对每个词元有多大把握。");

    public static readonly Text You = new("You", "您");
    public static readonly Text Answer = new("Answer", "回答");
    public static readonly Text Conversations = new("Conversations", "会话列表");
    public static readonly Text Empty = new("New conversation", "新会话");
    public static readonly Text New_ = new("New", "新会话");
    public static readonly Text Export = new("Export", "导出");
    public static readonly Text ExportMarkdown = new("As Markdown", "Markdown 格式");
    public static readonly Text ExportCurl = new("The request of the last answer, for a shell", "上一个回答的请求（命令行）");
    public static readonly Text ShowTokens = new("Tokens", "词元");
    public static readonly Text Settings = new("Settings", "设置");
    public static readonly Text Send = new("Send", "发送");
    public static readonly Text Stop = new("Stop", "停止");
    public static readonly Text Ask = new("Ask", "提问");
    public static readonly Text Again = new("Answer again", "重新回答");
    public static readonly Text Edit = new("Edit, and ask again", "修改后重新提问");
    public static readonly Text EditAbout = new("Say it in another way", "换一种说法");
    public static readonly Text BranchBefore = new("The branch before", "上一个分支");
    public static readonly Text BranchAfter = new("The next branch", "下一个分支");
    public static readonly Text Type = new("Ask something. Enter sends, Shift+Enter begins a line.", "请提问。回车发送，Shift+回车换行。");
    public static readonly Text TypeText = new("Begin a text; the model goes on. Enter sends.", "请写一段开头，模型会接着写。回车发送。");
    public static readonly Text Welcome = new("Ask the model something.", "向模型提问吧。");

    public static readonly Text WelcomeText = new(
        "This model was not trained to talk: it goes on with texts. Begin one.", "这个模型没有学过对话，它会续写文本。请写一个开头。");

    public static readonly Text Example1 = new("Why is the sky blue?", "天空为什么是蓝色的？");
    public static readonly Text Example2 = new("Write a haiku about rain.", "写一首关于雨的俳句。");
    public static readonly Text Waiting = new("Waiting for the model", "正在等待模型");
    public static readonly Text Writing = new("The model is writing", "模型正在写");
    public static readonly Text Ready = new("The answer is complete.", "回答已完成。");
    public static readonly Text WasStopped = new("Stopped. What had come is kept.", "已停止，已写出的内容保留。");
    public static readonly Text Reasoning = new("What the model thought", "模型的思考过程");

    public static readonly Text Full = new(
        "This conversation holds as much as the server keeps of one. Begin a new one; what you typed is still in the box.",
        "此会话已达到服务器为单个会话保留的上限。请新建会话，您输入的内容仍在输入框中。");

    public static readonly Text Tokens = new(
        "Tokens of the answer; arrows move, Enter shows the alternatives", "回答的词元；方向键移动，回车查看备选");

    public static readonly Text TokenWith = new("{0}, {1:0.#} %", "{0}，{1:0.#} %");
    public static readonly Text TokenForced = new("{0}, chosen by you", "{0}，由您选定");
    public static readonly Text Legend = new("How sure the model was:", "模型的把握：");
    public static readonly Text Alternatives = new("Alternatives", "备选词元");
    public static readonly Text AtThisPlace = new("At this place:", "此处：");
    public static readonly Text ThisOne = new("this one came", "实际出现");

    public static readonly Text GoOnAbout = new(
        "What the model would have said, before samplers. Choose one: the answer goes on from it, in a branch of its own.",
        "采样之前模型的各种可能。选择其一，回答将从这里另起一个分支继续。");

    public static readonly Text NoAlternatives = new(
        "There are no alternatives here.", "此处没有备选词元。");

    public static readonly Text NotAmong = new(
        "The one that came had {0}; the die fell on something rare.", "实际出现的词元概率为 {0}，这次抽到了罕见的结果。");

    public static readonly Text Speed = new("{0:0.#} tokens/s", "{0:0.#} 词元/秒");
    public static readonly Text SpeedAbout = new("New tokens a second, after the first", "首个词元之后，每秒生成的词元数");
    public static readonly Text First = new("first after {0:0} ms", "首个词元 {0:0} 毫秒");
    public static readonly Text FirstAbout = new("From the queue to the first token", "从进入执行到首个词元的时间");
    public static readonly Text Saved = new("{0} of {1} prompt tokens were known", "提示 {1} 个词元中 {0} 个已缓存");
    public static readonly Text SavedAbout = new("The cache of prefixes had computed them before", "前缀缓存中已经计算过的部分");
    public static readonly Text New = new("{0} new", "新生成 {0} 个");
    public static readonly Text EndedByLength = new("ended because its room was used up", "因长度用尽而结束");
    public static readonly Text Context = new("Context used", "已用上下文");
    public static readonly Text ContextUsed = new("{0} of {1}", "{0} / {1}");
    public static readonly Text ContextAbout = new(
        "Tokens of the last prompt and answer, and how many the model can hold",
        "上一次提示与回答的词元数，以及模型的上限");
    public static readonly Text ModelsOwn = new("the model's own", "模型默认值");
    public static readonly Text Defaults = new("All as the model has it", "全部恢复默认");
    public static readonly Text System = new("System prompt", "系统提示");
    public static readonly Text SystemAbout = new("Told to models that talk, before everything else.", "在一切之前告诉对话模型的话。");
    public static readonly Text Temperature = new("Temperature", "温度");
    public static readonly Text TemperatureAbout = new(
        "0: always the most probable token. Higher: more daring.",
        "0：总取最可能的词元；越高越大胆。");
    public static readonly Text TopP = new("Top-p", "Top-p");
    public static readonly Text TopPAbout = new(
        "Only the most probable tokens that together reach this share.",
        "只从累计概率达到该值的最可能词元中选。");
    public static readonly Text TopK = new("Top-k", "Top-k");
    public static readonly Text TopKAbout = new("Only so many of the most probable tokens; 0: all.", "只从最可能的若干个词元中选；0：不限。");
    public static readonly Text MinP = new("Min-p", "Min-p");
    public static readonly Text MinPAbout = new(
        "Only tokens with at least this part of the best one's probability.",
        "只保留概率不低于最高者该比例的词元。");
    public static readonly Text Repetition = new("Repetition penalty", "重复惩罚");
    public static readonly Text RepetitionAbout = new(
        "Above 1, what was said already becomes less probable.",
        "大于 1 时，已出现的词元更不容易再出现。");
    public static readonly Text MaxTokens = new("Most new tokens", "最多新词元");
    public static readonly Text MaxTokensAbout = new("Then the answer ends.", "达到后回答结束。");
    public static readonly Text Seed = new("Seed", "随机种子");
    public static readonly Text SeedAbout = new("The same seed gives the same answer, bit by bit.", "相同的种子给出逐位相同的回答。");
}
