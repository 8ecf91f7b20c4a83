namespace Seriatim.Tokenizers;

/// <summary>
/// What happens to the tokens of one text or of a pair: special tokens around them, segment numbers, and whether white space
/// is trimmed off the offsets. Every post-processor of <c>tokenizer.json</c> comes down to this.
/// </summary>
/// <param name="Single">The layout for one text.</param>
/// <param name="Pair">The layout for two texts.</param>
/// <param name="TrimOffsets">Offsets leave out white space at both ends of a token.</param>
internal sealed record PostProcessor(IReadOnlyList<TemplatePart> Single, IReadOnlyList<TemplatePart> Pair, bool TrimOffsets)
{
    /// <summary>Nothing added.</summary>
    public static PostProcessor None { get; } = new([TemplatePart.Text(0, 0)], [TemplatePart.Text(0, 0), TemplatePart.Text(1,
        1)], false);

    /// <summary>Tokens before and after every text; the second text of a pair is laid out like the first.</summary>
    public static PostProcessor Around(IReadOnlyList<int> before, IReadOnlyList<int> after, bool trimOffsets = false)
    {
        TemplatePart[] Layout(int sequence, int type) =>
        [
            .. before.Select(id => TemplatePart.Special([id], type)),
            TemplatePart.Text(sequence, type),
            .. after.Select(id => TemplatePart.Special([id], type)),
        ];

        return new PostProcessor(Layout(0, 0), [.. Layout(0, 0), .. Layout(1, 1)], trimOffsets);
    }

    /// <summary>The layout of BERT: <c>[CLS] A [SEP] B [SEP]</c>.</summary>
    public static PostProcessor Bert(int cls, int sep) => new(
        [TemplatePart.Special([cls], 0), TemplatePart.Text(0, 0), TemplatePart.Special([sep], 0)],
        [
            TemplatePart.Special([cls], 0), TemplatePart.Text(0, 0), TemplatePart.Special([sep], 0), TemplatePart.Text(1, 1),
            TemplatePart.Special([sep], 1),
        ],
        false);

    /// <summary>The layout of RoBERTa: <c>&lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;</c>, all in segment 0.</summary>
    public static PostProcessor Roberta(int cls, int sep, bool trimOffsets) => new(
        [TemplatePart.Special([cls], 0), TemplatePart.Text(0, 0), TemplatePart.Special([sep], 0)],
        [
            TemplatePart.Special([cls], 0), TemplatePart.Text(0, 0), TemplatePart.Special([sep, sep], 0), TemplatePart.Text(1, 0),
            TemplatePart.Special([sep], 0),
        ],
        trimOffsets);
}
