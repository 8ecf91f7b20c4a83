using Seriatim.Web.Texts;

namespace Seriatim.Web.Translate;

/// <summary>What the view says.</summary>
internal static class TranslateTexts
{
    public static readonly Text Name = new("Translate", "翻译");

    public static readonly Text About = new(
        "Translate both ways, with every hypothesis and its score.", "双向翻译，列出每个候选及其得分。");

    public static readonly Text Direction = new("Direction", "方向");
    public static readonly Text ByScript = new("By the text's script", "按文字自动判断");
    public static readonly Text FromTo = new("{0} to {1}", "{0} → {1}");
    public static readonly Text Chinese = new("Chinese", "中文");
    public static readonly Text English = new("English", "英文");
    public static readonly Text Beams = new("Beams", "束宽");
    public static readonly Text BeamsAbout = new(
        "How many translations are written side by side; 1: the most probable token each time",
        "同时书写多少个候选译文；1：每次取最可能的词元");
    public static readonly Text Source = new("Text", "原文");
    public static readonly Text Target = new("Translation", "译文");
    public static readonly Text Type = new("A sentence in Chinese or English. Enter translates.", "输入中文或英文句子，回车翻译。");
    public static readonly Text Working = new("Translating", "正在翻译");
    public static readonly Text Back = new("Translate it back", "反向翻译");
    public static readonly Text Hypotheses = new("Hypotheses, the best first", "候选译文，最优在前");

    public static readonly Text ScoreAbout = new(
        "Score: the log-probability of the whole text, by its length. Bars are relative to the best.",
        "得分：整段译文的对数概率除以长度；条形为相对最优者的比例。");

    public static readonly Text Nothing = new(
        "The translation comes here, with those that were nearly chosen.",
        "译文会显示在这里，并附上差一点被选中的候选。");
    public static readonly Text Alignment = new("Where each word came from", "每个词来自哪里");

    public static readonly Text AlignmentAbout = new(
        "Cross-attention of the last layer, mean of its heads, in percent. Rows: the translation. Columns: the text.",
        "最后一层交叉注意力（各头平均），单位为百分比。行：译文；列：原文。");

    public static readonly Text MaskPredict = new("All words at once (Mask-Predict)", "一次写出全部词（Mask-Predict）");

    public static readonly Text MaskPredictAbout = new(
        "Another kind of model writes all words in one pass, masks those it is least sure of, and predicts them again.",
        "另一类模型一次写出所有词，再遮住把握最小的词重新预测。");

    public static readonly Text BuiltInFillerAbout = new(
        "The one that comes with Seriatim is small and imitates zh-en: it shows the method, and translates less well. It tries "
            + "several lengths and keeps the text it is surest of, which may be too short.",
        "Seriatim 自带的这个模型很小，模仿 zh-en：它展示这种方法，译得不如后者。它会尝试几种长度并保留把握最大的译文，因此可能偏短。");

    public static readonly Text Beside = new("Beside it", "并排模型");
    public static readonly Text None = new("none", "无");
    public static readonly Text Passes = new("Passes", "遍数");
    public static readonly Text Pass = new("Pass", "第几遍");
    public static readonly Text PassOf = new("pass {0} of {1}, {2} masked for the next", "第 {0}/{1} 遍，下一遍重写 {2} 个");
    public static readonly Text Play = new("Play", "播放");
    public static readonly Text Pause = new("Pause", "暂停");
}
