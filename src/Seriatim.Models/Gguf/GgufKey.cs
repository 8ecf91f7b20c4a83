namespace Seriatim.Models;

/// <summary>One metadata key of a GGUF file and the config key that says the same.</summary>
/// <param name="Name">The key without the prefix of the architecture, e.g. <c>block_count</c>.</param>
/// <param name="ConfigKey">The key of a Hugging Face config.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Required">Whether a file without it is refused.</param>
internal sealed record GgufKey(string Name, string ConfigKey, GgufKind Kind = GgufKind.Size, bool Required = true)
{
    /// <summary>The same key, which a file may leave out.</summary>
    public GgufKey Optional => this with { Required = false };
}

/// <summary>What the value of a <see cref="GgufKey"/> is.</summary>
internal enum GgufKind
{
    /// <summary>A non-negative integer, written with 32 bits.</summary>
    Size,

    /// <summary>A size that the architecture reads itself; written like any other.</summary>
    Window,

    /// <summary>A number, written as binary32.</summary>
    Number,

    /// <summary>A truth value.</summary>
    Flag,
}
