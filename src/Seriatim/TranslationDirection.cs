namespace Seriatim;

/// <summary>What a text-to-text model can translate, and the words that tell it to.</summary>
public sealed record TranslationDirection
{
    /// <summary>Language of the source, e.g. <c>zh</c>.</summary>
    public required string From { get; init; }

    /// <summary>Language of the target, e.g. <c>en</c>.</summary>
    public required string To { get; init; }

    /// <summary>Put before every source, e.g. <c>translate Chinese to English: </c>.</summary>
    public required string Prefix { get; init; }

    /// <summary>E.g. <c>zh to en</c>.</summary>
    public override string ToString() => $"{From} to {To}";
}
