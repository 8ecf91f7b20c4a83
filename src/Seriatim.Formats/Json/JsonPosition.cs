using System.Text;

namespace Seriatim.Formats;

/// <summary>
/// Turns positions in a JSON text that had quotes put in (<see cref="LenientJson"/>) into lines and columns of the original.
/// </summary>
/// <param name="original">The text as it stands in the file.</param>
/// <param name="insertions">Offsets into the original, ascending, in front of each of which one byte was put in.</param>
internal readonly struct JsonPosition(ReadOnlyMemory<byte> original, List<int> insertions)
{
    /// <summary>Line and column, both from 1, of a byte offset into the text with the quotes.</summary>
    public (int Line, int Column) Of(long offset)
    {
        var before = original.Span[..Math.Min(Original(offset), original.Length)];
        var line = before.Count((byte)'\n') + 1;
        var start = before.LastIndexOf((byte)'\n') + 1;
        return (line, Encoding.UTF8.GetCharCount(before[start..]) + 1);
    }

    /// <summary>Column, from 1 and in characters, for a line (from 0) and a byte position in the line with the quotes.</summary>
    public int Column(long line, long bytePosition)
    {
        var start = 0;
        for (var i = 0L; i < line; i++)
        {
            var next = original.Span[start..].IndexOf((byte)'\n');
            if (next < 0)
                break;
            start += next + 1;
        }
        // Quotes put in before this line do not count; those in the line do.
        var lineStart = start;
        var putBefore = insertions.Count(offset => offset < lineStart);
        return Of(start + putBefore + bytePosition).Column;
    }

    private int Original(long offset)
    {
        var put = 0;
        while (put < insertions.Count && insertions[put] + put < offset)
            put++;
        return (int)(offset - put);
    }
}
