namespace Seriatim.Models;

/// <summary>
/// Heads that share others stand one group after the other in a model, and in some files the first of all groups before the
/// second of all: head <c>g · Share + s</c> is at place <c>s · Groups + g</c> there.
/// </summary>
/// <param name="Groups">Groups of heads.</param>
/// <param name="Share">Heads of a group.</param>
/// <param name="Width">Rows (columns, elements) of a head.</param>
public sealed record HeadTiles(int Groups, int Share, int Width)
{
    /// <summary>The place in the file of one of the model.</summary>
    public int Of(int index)
    {
        (int head, int within) = int.DivRem(index, Width);
        (int group, int number) = int.DivRem(head, Share);
        return (number * Groups + group) * Width + within;
    }

    /// <summary>Whole heads of a row from the order of the file to that of the model, or back.</summary>
    /// <param name="from">The row.</param>
    /// <param name="to">Where it goes; another one.</param>
    /// <param name="toFile">Whether it goes to the file.</param>
    internal void Move(ReadOnlySpan<float> from, Span<float> to, bool toFile)
    {
        for (int start = 0; start < from.Length; start += Width)
        {
            int file = Of(start);
            (int source, int target) = toFile ? (start, file) : (file, start);
            from.Slice(source, Width).CopyTo(to.Slice(target, Width));
        }
    }
}
