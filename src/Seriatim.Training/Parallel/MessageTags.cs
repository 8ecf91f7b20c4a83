namespace Seriatim.Training;

/// <summary>What a message is.</summary>
internal static class MessageTags
{
    /// <summary>Length of the collective message that follows.</summary>
    public const int Length = 0;

    /// <summary>What all ranks exchange together.</summary>
    public const int Collective = 1;

    /// <summary>A rank may go on: those before it are done.</summary>
    public const int Turn = 2;

    /// <summary>Rank 0 asks an owner for a moment by its number.</summary>
    public const int MomentWanted = 3;

    /// <summary>The moment's values.</summary>
    public const int Moment = 4;

    private const int Buckets = 16;

    /// <summary>Gradients of a bucket, on the way to its owner.</summary>
    public static int Gradients(int bucket) => Buckets + 2 * bucket;

    /// <summary>New values of a bucket, on the way from its owner.</summary>
    public static int Values(int bucket) => Buckets + 2 * bucket + 1;
}
