namespace Seriatim.Lab;

/// <summary>Memory of activations and scratch: all that a work takes of the pool beside what is there before.</summary>
internal static class PoolPeak
{
    /// <summary>
    /// A pool that was emptied has, after a work, what the work held at most, in its free lists. The work is done twice: what is
    /// made once does not count.
    /// </summary>
    public static long Of(Action work)
    {
        work();
        TensorPool.Shared.Trim();
        long before = TensorPool.Shared.LiveBytes;
        work();
        return TensorPool.Shared.LiveBytes + TensorPool.Shared.FreeBytes - before;
    }
}
