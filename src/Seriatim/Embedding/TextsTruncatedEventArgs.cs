namespace Seriatim;

/// <summary>Texts of one call were cut. Its text says it in a sentence.</summary>
/// <param name="cut">How many.</param>
/// <param name="texts">How many there were.</param>
/// <param name="number">Number of the longest, from 1.</param>
/// <param name="tokens">Tokens of the longest, before it was cut.</param>
/// <param name="limit">Tokens that are left of each, special tokens included.</param>
/// <param name="reason">What says so.</param>
public sealed class TextsTruncatedEventArgs(int cut, int texts, int number, int tokens, int limit, string reason) : EventArgs
{
    /// <summary>How many texts were cut.</summary>
    public int Cut => cut;

    /// <summary>How many there were.</summary>
    public int Texts => texts;

    /// <summary>Number of the longest, from 1.</summary>
    public int Number => number;

    /// <summary>Tokens of the longest, before it was cut.</summary>
    public int Tokens => tokens;

    /// <summary>Tokens that are left of each, special tokens included.</summary>
    public int Limit => limit;

    /// <summary>What says so.</summary>
    public string Reason => reason;

    /// <inheritdoc/>
    public override string ToString() =>
        $"{cut} of {texts} {(texts == 1 ? "text was" : "texts were")} cut to {limit} tokens ({reason}); the longest, text "
            + $"{number}, has {tokens}.";
}
