namespace Seriatim.Generation;

/// <summary>A host has no model of a name.</summary>
public sealed class UnknownModelException : GenerationException
{
    internal UnknownModelException(string name, IEnumerable<string> known)
        : base($"The host has no model {name}. " + (known.Any()
            ? $"It has {string.Join(", ", known)}."
            : "It has none at all; add them by name.")) => Name = name;

    /// <summary>The name.</summary>
    public string Name { get; }
}
