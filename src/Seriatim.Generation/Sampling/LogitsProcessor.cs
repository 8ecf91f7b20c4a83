namespace Seriatim.Generation;

/// <summary>One step of the chain between a row of logits and the choice of a token.</summary>
internal abstract class LogitsProcessor
{
    /// <summary>Changes logits; a token that is dropped gets negative infinity.</summary>
    public abstract void Apply(LogitsRow row);
}
