namespace Seriatim.Models;

/// <summary>A config names an architecture that is not built.</summary>
public sealed class UnknownArchitectureException : ModelException
{
    internal UnknownArchitectureException(string file, string architecture, IEnumerable<string> known, string hint = "")
        : base($"{file}: the architecture '{architecture}' is not known. Known are: {string.Join(", ", known)}.{hint}") =>
        Architecture = architecture;

    /// <summary>The name in the config.</summary>
    public string Architecture { get; }
}
