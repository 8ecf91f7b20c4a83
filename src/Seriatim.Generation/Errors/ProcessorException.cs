namespace Seriatim.Generation;

/// <summary>A processor of logits threw, or left what cannot be used; its request ends, and no other.</summary>
public sealed class ProcessorException : GenerationException
{
    internal ProcessorException(string name, string verb, Exception inner)
        : base($"The processor {name} threw {inner.GetType().Name} when it was to {verb}: {inner.Message}", inner) =>
        Processor = name;

    internal ProcessorException(string name, string fault)
        : base($"The processor {name} {fault}.") => Processor = name;

    /// <summary>Name of the processor.</summary>
    public string Processor { get; }
}
