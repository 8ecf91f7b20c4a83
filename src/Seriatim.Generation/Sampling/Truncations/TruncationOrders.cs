namespace Seriatim.Generation;

/// <summary>All truncations, in their orders. What is checked, and what contradicts what, follows from these lists.</summary>
internal static class TruncationOrders
{
    /// <summary>All, in the order of transformers; the temperature comes before them.</summary>
    public static IReadOnlyList<Truncation> HuggingFace { get; } =
    [
        TopNSigma.Row, TopK.Row, TopP.Row, MinP.Row, TypicalP.Row, EpsilonCutoff.Row, EtaCutoff.Row, ExcludeTopChoices.Row,
    ];

    /// <summary>All, in the order of llama.cpp; the temperature comes after them.</summary>
    public static IReadOnlyList<Truncation> LlamaCpp { get; } =
    [
        TopNSigma.Row, TopK.Row, TypicalP.Row, TopP.Row, MinP.Row, EpsilonCutoff.Row, EtaCutoff.Row, ExcludeTopChoices.Row,
    ];

    /// <summary>The processors of a request, in one of the orders.</summary>
    public static IEnumerable<LogitsProcessor> Of(IReadOnlyList<Truncation> order, SamplingOptions options) =>
        order.Where(truncation => truncation.IsSet(options)).Select(truncation => truncation.Create(options));
}
