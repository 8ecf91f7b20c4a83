namespace Seriatim.Tensors;

/// <summary>One row of an attention: what a query gives to each key it sees.</summary>
/// <param name="Row">Row of the queries.</param>
/// <param name="Head">Query head.</param>
/// <param name="Position">Where the query stands among the keys.</param>
/// <param name="Keys">
/// The keys it sees, by position; of lists, in the order of the list, and one that stands there twice twice.
/// </param>
/// <param name="Weights">
/// The softmax of their scores. They sum to 1; none for a query that sees nothing.
/// </param>
public sealed record AttentionRow(int Row, int Head, int Position, int[] Keys, float[] Weights);
