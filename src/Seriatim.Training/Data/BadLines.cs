namespace Seriatim.Training;

/// <summary>Counts lines that hold no example, names the first of them, and gives up when there are too many.</summary>
/// <param name="limit">Most bad lines allowed.</param>
public sealed class BadLines(long limit)
{
    private const int Named = 10;

    private readonly List<string> _first = [];

    /// <summary>Bad lines so far.</summary>
    public long Count { get; private set; }

    /// <summary>Most bad lines allowed.</summary>
    public long Limit => limit;

    /// <summary>The first ten: file, line and what is wrong.</summary>
    public IReadOnlyList<string> First => _first;

    internal void AddKnown(long count) => Count += count;

    /// <summary>
    /// Counts a bad line. Reading goes on over the limit until ten are named, so that they can be mended together.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="line">The line, from 1.</param>
    /// <param name="problem">What is wrong with it.</param>
    /// <exception cref="DataException">There are more than the limit, and ten are named.</exception>
    public void Add(string path, long line, string problem)
    {
        Count++;
        if (_first.Count < Named)
            _first.Add($"{path}({line}): {problem}");
        if (Count > limit && _first.Count == Named)
            throw TooMany("At least ");
    }

    /// <summary>To be asked at the end of a file.</summary>
    /// <exception cref="DataException">There are more than the limit; the message names the first ten.</exception>
    public void Check()
    {
        if (Count > limit)
            throw TooMany("");
    }

    private DataException TooMany(string least) => new(
        $"{least}{Count} lines cannot be used, {limit} are allowed "
            + $"(max_bad_lines):{Environment.NewLine}{string.Join(Environment.NewLine, _first)}");
}
