using Seriatim.Web.Texts;

namespace Seriatim.Web.Microscope;

/// <content>Layers, choices, training.</content>
internal static partial class MicroscopeTexts
{
    public static readonly Text Layer = new("Layer", "层");
    public static readonly Text StackName = new("Stack", "堆栈");
    public static readonly Text Encoder = new("Encoder", "编码器");
    public static readonly Text Decoder = new("Decoder", "解码器");
    public static readonly Text Adds = new("How long the row of “{0}” is, and what each part adds", "“{0}”这一行的长度，以及各部分加入了多少");
    public static readonly Text Before = new("before", "之前");
    public static readonly Text After = new("after", "之后");
    public static readonly Text StreamAfter = new("after {0}", "{0} 之后");
    public static readonly Text SelfAttention = new("Attention", "注意力");
    public static readonly Text CrossAttention = new("Attention to the source", "对源文本的注意力");
    public static readonly Text AllHeads = new("All heads of this layer", "本层所有注意力头");
    public static readonly Text HeadsAbout = new(
        "What “{0}” looks at, head by head. Choose a head to see it large.",
        "“{0}”在各个头中看向哪里。选一个头放大。");
    public static readonly Text HeadAbout = new("Head {0}, most weight on {1}", "第 {0} 个头，权重最大的是 {1}");
    public static readonly Text HeadsTable = new("Weights of “{0}” in all heads", "“{0}”在所有头中的权重");
    public static readonly Text Head = new("Head", "头");
    public static readonly Text HeadOf = new(
        "Head {0} of layer {1}: who looks (down) at whom (across)",
        "第 {1} 层第 {0} 个头：谁（纵）看谁（横）");
    public static readonly Text MatrixAbout = new("{0}. “{1}” gives most to “{2}”, {3}.", "{0}。“{1}”给“{2}”最多，{3}。");
    public static readonly Text Query = new("Query", "查询");
    public static readonly Text Key = new("Key", "键");
    public static readonly Text ValueRow = new("Value row", "值");
    public static readonly Text Mixed = new("What the layer mixes", "混合结果");
    public static readonly Text State = new("State that is remembered", "记住的状态");
    public static readonly Text QueryOf = new("Query of “{0}”, head {1}", "“{0}”的查询，头 {1}");
    public static readonly Text KeyOf = new("Key of “{0}”, head {1}", "“{0}”的键，头 {1}");
    public static readonly Text ValueOf = new("Value of “{0}”, head {1}", "“{0}”的值，头 {1}");
    public static readonly Text MixedOf = new("What “{0}” gets from head {1}", "“{0}”从头 {1} 得到的");
    public static readonly Text Expert = new("Expert", "专家");
    public static readonly Text ExpertsOf = new("Experts chosen out of {0}", "从 {0} 个专家中选出");

    public static readonly Text NoWalk = new(
        "This model does not write token by token: nothing is drawn, and nothing is remembered from step to step.",
        "此模型不逐个词元地书写：没有抽取，也没有逐步的缓存。");
    public static readonly Text LimitReached = new(
        "{0} tokens were generated, the most of one walk. Look again to begin another.",
        "已生成 {0} 个词元，达到上限。再次观察可重新开始。");
    public static readonly Text HowChosen = new("How the next token is chosen", "如何选择下一个词元");
    public static readonly Text Keeps = new("keeps {0} of {1}", "从 {1} 个中保留 {0} 个");
    public static readonly Text KeepsAll = new("{0} candidates", "{0} 个候选");
    public static readonly Text NoChange = new("changes nothing here", "此处无变化");
    public static readonly Text CutCaption = new("Best candidates after {0}", "{0} 之后的最佳候选");
    public static readonly Text Greedy = new(
        "Temperature 0: nothing is drawn, the most probable token is taken.",
        "温度为 0：不抽取，直接取概率最大的词元。");
    public static readonly Text Die = new("The race of the candidates", "候选的竞赛");
    public static readonly Text DieAbout = new(
        "Seed {0}, step {1}. Each candidate has a number u of its own; the highest logit − log(−log u) wins: a fair draw.",
        "种子 {0}，第 {1} 步。每个候选有自己的随机数 u；logit − log(−log u) 最高者胜出，这等于按 softmax 抽取。");
    public static readonly Text RaceScore = new("Score", "得分");
    public static readonly Text TokenMade = new("id {0}, bytes {1}", "编号 {0}，字节 {1}");
    public static readonly Text EndsText = new("It ends the text.", "它结束文本。");
    public static readonly Text Cache = new("Columns of what is remembered", "缓存的列");
    public static readonly Text CacheAbout = new(
        "{0} positions, {1}. The newest column was written in this step; all columns are read for the next token.",
        "{0} 个位置，{1}。最新一列在这一步写入；生成下一个词元时读取所有列。");
    public static readonly Text CachePicture = new(
        "{0} columns, one a position, of {1} layers; the last one is new",
        "{0} 列，每个位置一列，共 {1} 层；最后一列是新的");
    public static readonly Text CacheReads = new("read", "读取");

    public static readonly Text TeacherAbout = new(
        "Training reads the whole text at once. Each position predicts the right next token, whatever the model would say.",
        "训练一次读入整段文本。每个位置预测正确的下一个词元，不管模型自己会说什么。");
    public static readonly Text MeanLoss = new("Mean loss", "平均损失");
    public static readonly Text Perplexity = new("Perplexity", "困惑度");
    public static readonly Text WholeGradient = new("Norm of the gradient", "梯度的范数");
    public static readonly Text LossByToken = new("Loss by position: what is read → what is right", "各位置的损失：读入 → 正确答案");
    public static readonly Text MoreLosses = new(
        "The first {0} of {1} positions; the mean is that of all.",
        "前 {0} 个位置，共 {1} 个；平均值包含全部。");
    public static readonly Text Rows = new("Rows {0} to {1} of {2}", "第 {0} 到 {1} 行，共 {2} 行");
    public static readonly Text RowsBefore = new("Rows before", "前面的行");
    public static readonly Text RowsAfter = new("Rows after", "后面的行");
    public static readonly Text MaskTitle = new("The mask: what each position may see", "掩码：每个位置能看到什么");
    public static readonly Text NoGradients = new("There are no gradients.", "没有梯度。");
    public static readonly Text FrozenValues = new(
        "{0:N0} of {1:N0} values have gradients: weights in 16 bits or in quantised blocks are not trained.",
        "{1:N0} 个数值中有 {0:N0} 个有梯度：16 位或量化块的权重不参与训练。");
    public static readonly Text GradientByMatrix = new("Norm of the gradient by matrix, largest first", "各矩阵梯度的范数，从大到小");
    public static readonly Text Matrix = new("Matrix", "矩阵");
    public static readonly Text Shape = new("Shape", "形状");
    public static readonly Text Norm = new("Norm", "范数");
}
