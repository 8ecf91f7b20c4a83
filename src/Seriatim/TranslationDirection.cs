namespace Seriatim;

/// <summary>What a text-to-text model can translate, and the words that tell it to.</summary>
/// <param name="From">Language of the source, e.g. <c>zh</c>.</param>
/// <param name="To">Language of the target, e.g. <c>en</c>.</param>
/// <param name="Prefix">Put before every source, e.g. <c>translate Chinese to English: </c>.</param>
public sealed record TranslationDirection(string From, string To, string Prefix)
{
    /// <summary>E.g. <c>zh to en</c>.</summary>
    public override string ToString() => $"{From} to {To}";
}
