namespace Seriatim;

/// <summary>An adapter that a model is opened with.</summary>
/// <param name="Name">What requests ask for it by.</param>
/// <param name="Path">
/// A folder as huggingface/peft saves it: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.
/// </param>
public sealed record AdapterFile(string Name, string Path);
