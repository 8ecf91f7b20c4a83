namespace Seriatim.Training;

/// <summary>An example of a cache, or a piece of one, drawn for training.</summary>
/// <param name="Cache">Where its ids are.</param>
/// <param name="Example">Number of the example.</param>
/// <param name="Start">First id of the source.</param>
/// <param name="Length">Number of ids of the source.</param>
/// <param name="Draw">Number of the draw, different for every example of every epoch: the stream of its random numbers.</param>
public readonly record struct ExamplePiece(TokenCache Cache, int Example, int Start, int Length, ulong Draw = 0)
{
    /// <summary>Ids of the source.</summary>
    public ReadOnlySpan<int> Source => Cache.Source(Example).Slice(Start, Length);

    /// <summary>Ids of the target; empty if there are none.</summary>
    public ReadOnlySpan<int> Target => Cache.Target(Example);
}
