namespace Seriatim.Tokenizers;

/// <summary>What one rendering may use, so that no template hangs or fills the memory.</summary>
internal sealed class TemplateBudget
{
    /// <summary>Most statements and expressions evaluated.</summary>
    public const int MaxSteps = 2_000_000;

    /// <summary>Longest text or list, in chars or items.</summary>
    public const int MaxLength = 1 << 24;

    /// <summary>Deepest nesting of macro calls.</summary>
    public const int MaxCalls = 32;

    private long _copied;
    private int _steps;

    /// <summary>Counts one step.</summary>
    public void Step(int line)
    {
        if (++_steps > MaxSteps)
        {
            throw new ChatTemplateException($"the template needs more than {MaxSteps} steps; it is broken or hostile", line);
        }
    }

    /// <summary>Counts text or items made; no single one and not all together may be too long.</summary>
    public void Make(long length, int line)
    {
        _copied += length;
        if (length > MaxLength || _copied > 64L * MaxLength)
        {
            throw TooLong(line);
        }
    }

    /// <summary>The error for too much text.</summary>
    public static ChatTemplateException TooLong(int line) =>
        new($"the template makes more than {MaxLength} chars or items; it is broken or hostile", line);
}
