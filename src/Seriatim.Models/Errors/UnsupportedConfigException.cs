namespace Seriatim.Models;

/// <summary>A config has a key that is not known, or a value that cannot be honoured; such a model does not load.</summary>
public sealed class UnsupportedConfigException : ModelException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="file">The file, or what messages call the config.</param>
    /// <param name="keys">The keys at fault.</param>
    /// <param name="problem">What they say, and what would be needed.</param>
    public UnsupportedConfigException(string file, IReadOnlyList<string> keys, string problem)
        : base($"{file}: {problem}") => Keys = keys;

    /// <summary>The keys at fault.</summary>
    public IReadOnlyList<string> Keys { get; }
}
