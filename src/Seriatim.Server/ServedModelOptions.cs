using Seriatim.Generation;
using Seriatim.Tensors;

namespace Seriatim.Server;

/// <summary>A model that the server offers. It is opened when a request asks for it.</summary>
public sealed record ServedModelOptions
{
    /// <summary>What it is opened by: a folder, a GGUF file, a built-in name or a hub id.</summary>
    public required string Model { get; init; }

    /// <summary>
    /// The name that requests ask for. Null: a built-in name or hub id as it stands, else the name of the folder or file.
    /// </summary>
    public string? Name { get; init; }

    /// <summary>Further names.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>
    /// How it is opened; its host, loggers and end are the server's. Unless something else is given, keys and values are kept in
    /// <see cref="KeyValueType.F16"/>: half the memory for many sequences, and half of what each token reads.
    /// </summary>
    public LanguageModelOptions Options { get; init; } = new() { Engine = new EngineOptions { KeyValueType = KeyValueType.F16 } };

    /// <summary>How long it stays loaded after its last use; null: as the server says.</summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>Whether the server opens it when it starts, and is ready only when that is done.</summary>
    public bool Preload { get; init; }
}
