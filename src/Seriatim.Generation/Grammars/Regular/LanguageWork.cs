namespace Seriatim.Generation;

/// <summary>
/// Counts the steps of putting automata together for one schema: each result is bounded, but thousands of them in a row are not.
/// What is kept for other schemas counts as if it were made anew, so a schema is refused or made whatever came before it.
/// </summary>
internal static class LanguageWork
{
    /// <summary>Most steps for a schema: each looks at a state and a class of bytes.</summary>
    public const long Most = 40_000_000;

    [ThreadStatic]
    private static Count? _current;

    /// <summary>Does what is counted by itself, and tells the steps that it took.</summary>
    public static (T Result, long Steps) Counted<T>(Func<T> work)
    {
        var count = new Count();
        return (With(count, work), count.Steps);
    }

    /// <summary>Does what is not counted.</summary>
    public static T Uncounted<T>(Func<T> work) => With(null, work);

    /// <summary>Counts steps.</summary>
    /// <exception cref="CannotExpressException">There are too many.</exception>
    public static void Take(long steps)
    {
        if (_current is not { } count)
            return;
        count.Steps += steps;
        if (count.Steps > Most)
            throw new CannotExpressException($"{count.Steps} steps to put its automata together are more than {Most}");
    }

    private static T With<T>(Count? count, Func<T> work)
    {
        Count? outside = _current;
        _current = count;
        try
        {
            return work();
        }
        finally
        {
            _current = outside;
        }
    }

    private sealed class Count
    {
        public long Steps { get; set; }
    }
}
