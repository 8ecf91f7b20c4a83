using Seriatim.Web.Texts;

namespace Seriatim.Web.Microscope;

/// <summary>What the view says.</summary>
internal static partial class MicroscopeTexts
{
    public static readonly Text Name = new("Microscope", "显微镜");
    public static readonly Text About = new(
        "Walk through the machine, step by step, with its own numbers.",
        "用真实数值，一步一步走过整台机器。");
    public static readonly Text Model = new("Model", "模型");
    public static readonly Text Text = new("Text", "文本");
    public static readonly Text SourceText = new("Source, read by the encoder", "源文本（编码器读取）");
    public static readonly Text TargetText = new("Target so far, read by the decoder", "已写出的目标文本（解码器读取）");
    public static readonly Text Look = new("Look", "观察");
    public static readonly Text Teacher = new("Teacher forcing", "教师强制");
    public static readonly Text Busy = new("Computing …", "计算中……");
    public static readonly Text ModelFacts = new(
        "{0} · {1} layers · rows of {2} · {3} tokens known",
        "{0} · {1} 层 · 每行 {2} 维 · 词表 {3}");
    public static readonly Text Tokens = new("Tokens", "词元");
    public static readonly Text SourceTokens = new("Tokens of the source", "源文本的词元");
    public static readonly Text TokenAbout = new("Position {0}: {1}, id {2}", "位置 {0}：{1}，编号 {2}");
    public static readonly Text MoreTokens = new("{0} more", "另有 {0} 个");
    public static readonly Text NoModels = new(
        "This server offers no model. Start it with one (seriatim serve MODEL), or pull one in the view Models.",
        "此服务器没有模型。请带模型启动（seriatim serve MODEL），或在“模型”视图中下载一个。");
    public static readonly Text WalkControls = new("The way through the machine", "穿过机器的路线");
    public static readonly Text Previous = new("Step back", "上一步");
    public static readonly Text Next = new("Next step", "下一步");
    public static readonly Text TakeBack = new("Take the last token back", "收回最后一个词元");
    public static readonly Text OneToken = new("Generate one token", "生成一个词元");
    public static readonly Text Remembered = new("{0} positions remembered", "已记住 {0} 个位置");
    public static readonly Text BytesRead = new(
        "{0} were read out of the passes so far: only what is shown.",
        "至今从计算中读出 {0}：只读显示的内容。");
    public static readonly Text ShowNumbers = new("Numbers", "数值表");
    public static readonly Text HideNumbers = new("Hide the numbers", "收起数值表");
    public static readonly Text Index = new("No.", "序号");
    public static readonly Text Value = new("Value", "数值");
    public static readonly Text Token = new("Token", "词元");
    public static readonly Text Share = new("Probability", "概率");
    public static readonly Text Id = new("Id", "编号");
    public static readonly Text Bytes = new("Bytes", "字节");

    public static readonly Text TokensTitle = new("Text, tokens, ids", "文本、词元、编号");
    public static readonly Text TokensAbout = new(
        "The text is cut into pieces of the vocabulary. Choose one above to follow it.",
        "文本被切成词表里的片段。在上方选一个跟踪它。");
    public static readonly Text EmbeddingTitle = new("Embedding and position", "嵌入与位置");
    public static readonly Text EmbeddingAbout = new(
        "The id picks a row of a table: the residual stream begins.",
        "编号选出表中的一行：残差流由此开始。");
    public static readonly Text LayerTitle = new("Layer by layer", "逐层");
    public static readonly Text LayerAbout = new(
        "Layer {0} of {1}: rows look at each other, then each thinks for itself.",
        "第 {0} 层，共 {1} 层：各行先互相看，再各自处理。");
    public static readonly Text LensTitle = new("Logit lens", "逻辑透镜");
    public static readonly Text LensAbout = new("What the model would say if this layer were the last.", "若这一层就是最后一层，模型会说什么。");
    public static readonly Text LogitsTitle = new("Last row, logits, softmax", "末行、逻辑值、softmax");
    public static readonly Text LogitsAbout = new(
        "One score for each token of the vocabulary, and their shares.",
        "词表中每个词元一个分数，以及各自的份额。");
    public static readonly Text SamplersTitle = new("Samplers", "采样器");
    public static readonly Text SamplersAbout = new("Each one cuts or bends the distribution.", "每个采样器裁剪或改变分布。");
    public static readonly Text DieTitle = new("The die, the token, its bytes", "骰子、词元与字节");
    public static readonly Text DieStationAbout = new(
        "One random number a candidate; the best score wins.",
        "每个候选一个随机数；得分最高者胜出。");
    public static readonly Text CacheTitle = new("What is remembered", "缓存");
    public static readonly Text CacheStationAbout = new(
        "One column more with each token; all the others are read.",
        "每生成一个词元多一列；其余各列都被读取。");

    public static readonly Text TokenRow = new("Row of the token", "词元的行");
    public static readonly Text PositionRow = new("Row of the position", "位置的行");
    public static readonly Text TypeRow = new("Row of the token's type", "词元类型的行");
    public static readonly Text StreamBegins = new("The stream before the first layer", "第一层之前的残差流");
    public static readonly Text PositionsElsewhere = new(
        "Nothing is added for the position: this model turns or shifts queries and keys in its attention instead.",
        "这里不加位置：此模型在注意力中旋转查询与键，或偏移得分。");
    public static readonly Text StripAbout = new("{0} values from {1} to {2}", "{0} 个数值，从 {1} 到 {2}");
    public static readonly Text TheEmbedding = new("The embedding", "嵌入");
    public static readonly Text NoLens = new("This model has no head over a vocabulary for these rows.", "此模型对这些行没有词表输出层。");
    public static readonly Text NoHead = new("This model makes no logits: its rows are its answer.", "此模型不产生逻辑值：各行即其答案。");
    public static readonly Text LensCaption = new("Best tokens after “{0}”, layer by layer", "“{0}”之后，各层的最佳词元");
    public static readonly Text HiddenOf = new("Last hidden row of “{0}”, after the final norm", "“{0}”的末层隐藏行（最终归一化之后）");
    public static readonly Text LogitsOf = new("{0} logits", "{0} 个逻辑值");
    public static readonly Text Softmax = new("Softmax: the best tokens, probability and logit", "softmax：最佳词元、概率与逻辑值");
}
