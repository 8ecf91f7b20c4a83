namespace Seriatim.Models;

/// <summary>
/// A family of models: the names it answers to, how its config becomes a <see cref="ModelSpec"/>, and what its tensors are
/// called. One file each; <see cref="ArchitectureRegistry"/> lists them.
/// </summary>
public abstract class Architecture
{
    /// <summary>The <c>model_type</c> of configs.</summary>
    public abstract string ModelType { get; }

    /// <summary>The names in <c>architectures</c> of configs. The first is meant if a config names none.</summary>
    public abstract IReadOnlyList<string> ClassNames { get; }

    /// <summary>Reads everything that shapes the model. Every key is read, or waived with a reason.</summary>
    /// <param name="config">The config.</param>
    /// <param name="className">One of <see cref="ClassNames"/>.</param>
    /// <exception cref="UnsupportedConfigException">A value is missing, or cannot be honoured.</exception>
    public abstract ModelSpec ReadSpec(ConfigReader config, string className);

    /// <summary>What the parts of such a model are called in Hugging Face checkpoints.</summary>
    public abstract NameTable TensorNames(ModelSpec spec);

    /// <summary>What such a model is in GGUF files; null if the format does not know it.</summary>
    internal virtual GgufMap? Gguf => null;

    /// <summary>All that files may hold of the family: encoders of it may have an architecture of their own there.</summary>
    internal virtual IReadOnlyList<GgufMap> GgufMaps => Gguf is { } map ? [map] : [];

    /// <summary>What a model of the family is in GGUF files; null if the format does not know it.</summary>
    internal virtual GgufMap? GgufOf(ModelSpec spec) => Gguf;

    /// <summary>
    /// What the reference library takes for keys that are missing in a config within another (<c>text_config</c>), where it
    /// leaves out those that have the value of the class; JSON.
    /// </summary>
    internal virtual string NestedDefaults => "{}";
}
