namespace Seriatim.Generation;

/// <summary>
/// A <see cref="RequestState"/> cannot go on here: it is of another model, version or tokenizer, or damaged.
/// </summary>
public sealed class InvalidStateException : GenerationException
{
    internal InvalidStateException(string what, string found, string expected, Exception? inner = null)
        : base($"The {what} of the state is {found}; needed is {expected}.", inner) =>
        (What, Found, Expected) = (what, found, expected);

    internal static InvalidStateException OfVersion(int version) => new("version", $"{version}",
        version > StateDocument.NewestVersion
            ? $"{StateDocument.NewestVersion} or less; a later Seriatim wrote it"
            : $"{StateDocument.NewestVersion}");

    /// <summary>What of the state does not fit.</summary>
    public string What { get; }

    /// <summary>What the state has.</summary>
    public string Found { get; }

    /// <summary>What is needed.</summary>
    public string Expected { get; }
}
