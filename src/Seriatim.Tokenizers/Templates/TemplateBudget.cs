using System.Numerics;

namespace Seriatim.Tokenizers;

/// <summary>
/// What one rendering may use, so that no template hangs or fills the memory: steps, text and items made, and time. Whoever walks
/// through a value counts a step for each node he meets, because a value that is shared may be met again and again.
/// </summary>
internal sealed class TemplateBudget(TimeProvider? clock = null)
{
    /// <summary>Most statements, expressions and values visited.</summary>
    public const int MaxSteps = 2_000_000;

    /// <summary>Longest text or list, in chars or items.</summary>
    public const int MaxLength = 1 << 23;

    /// <summary>Most text and items made in one rendering, in chars and items.</summary>
    public const long MaxMade = 1L << 28;

    /// <summary>Deepest nesting of calls of macros and of recursive loops.</summary>
    public const int MaxCalls = 64;

    /// <summary>Deepest nesting of values that are printed, compared or written as JSON.</summary>
    public const int MaxDepth = 200;

    /// <summary>Longest integer, in bits: more than Python itself prints.</summary>
    public const int MaxBits = 1 << 14;

    /// <summary>Most time for one rendering.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(0.8);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly long _start = (clock ?? TimeProvider.System).GetTimestamp();
    private long _made;
    private long _steps;
    private long _checked;

    /// <summary>Counts one step.</summary>
    public void Step(int line)
    {
        if (++_steps > MaxSteps)
            throw new ChatTemplateException($"the template needs more than {MaxSteps} steps; it is broken or hostile", line);
        if (_steps - _checked > 1000)
            CheckTime(line);
    }

    /// <summary>Counts text that is looked through; 64 chars are a step.</summary>
    public void Scan(long length, int line)
    {
        _steps += length >> 6;
        Step(line);
    }

    /// <summary>Counts text or items made; no single one and not all together may be too long.</summary>
    public void Make(long length, int line)
    {
        if (length > MaxLength || (_made += length) > MaxMade)
            throw TooLong(line);
        Scan(length, line);
    }

    /// <summary>An integer that came out of a sum or product, if it is not too long.</summary>
    public static object Integer(BigInteger value, int line) =>
        value >= long.MinValue && value <= long.MaxValue ? (object)(long)value
        : value.GetBitLength() <= MaxBits ? value
        : throw new ChatTemplateException($"an integer of {value.GetBitLength()} bits is too large, {MaxBits} are allowed", line);

    /// <summary>The error for too much text.</summary>
    public static ChatTemplateException TooLong(int line) =>
        new($"the template makes more than {MaxLength} chars or items, or {MaxMade} in all; it is broken or hostile", line);

    /// <summary>The error for values that nest too deeply.</summary>
    public static ChatTemplateException TooDeep(int line) =>
        new($"a value nests deeper than {MaxDepth} levels; the template is broken or hostile", line);

    private void CheckTime(int line)
    {
        _checked = _steps;
        TimeSpan elapsed = _clock.GetElapsedTime(_start);
        if (elapsed > MaxTime)
        {
            throw new ChatTemplateException(
                $"the template runs for {elapsed.TotalSeconds:0.0} s, more than {MaxTime.TotalSeconds:0.0} s; it "
                    + "is broken or hostile", line);
        }
    }
}
