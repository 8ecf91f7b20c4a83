namespace Seriatim;

/// <summary>An adapter that a model is opened with.</summary>
public sealed record AdapterFile
{
    /// <summary>What requests ask for it by.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// A folder as huggingface/peft saves it: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.
    /// </summary>
    public required string Path { get; init; }
}
