namespace Seriatim.Generation;

/// <summary>
/// Automata of patterns, kept for the next schema, as tools come with the same ones again and again. Bounded in bytes, as anyone
/// may send schemas: one that is large is not kept, and where there is no more room all are forgotten.
/// </summary>
internal static class SchemaPatterns
{
    /// <summary>Most bytes that are kept.</summary>
    public const long MaxBytes = 8 << 20;

    /// <summary>Most bytes of one.</summary>
    public const long MaxBytesOfOne = 1 << 20;

    private static readonly Lock Gate = new();

    private static readonly Dictionary<string, (ByteDfa Language, long Steps)> Known = new(StringComparer.Ordinal);

    private static long _bytes;

    /// <summary>Bytes that are kept now.</summary>
    public static long Bytes
    {
        get
        {
            lock (Gate)
                return _bytes;
        }
    }

    /// <summary>The texts in which a pattern is found.</summary>
    /// <exception cref="GrammarException">It cannot be read, or cannot be enforced.</exception>
    public static ByteDfa Search(string pattern)
    {
        (ByteDfa made, long steps) = Make(pattern);
        LanguageWork.Take(steps);
        return made;
    }

    private static (ByteDfa Language, long Steps) Make(string pattern)
    {
        lock (Gate)
        {
            if (Known.TryGetValue(pattern, out (ByteDfa, long) known))
                return known;
        }
        (ByteDfa Language, long Steps) made = LanguageWork.Counted(() => RegexLanguage.Search(pattern));
        long bytes = SizeOf(pattern, made.Language);
        if (bytes > MaxBytesOfOne)
            return made;
        lock (Gate)
        {
            if (Known.TryGetValue(pattern, out (ByteDfa, long) other))
                return other;
            if (_bytes + bytes > MaxBytes)
            {
                Known.Clear();
                _bytes = 0;
            }
            Known.Add(pattern, made);
            _bytes += bytes;
        }
        return made;
    }

    /// <summary>Bytes of a table, with the bytes' classes, and of its key.</summary>
    private static long SizeOf(string pattern, ByteDfa made) =>
        2L * pattern.Length + (4L * made.Classes + 1) * made.States + 512;
}
