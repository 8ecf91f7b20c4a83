namespace Seriatim.Generation.Tests;

/// <summary>A processor of a user that throws at a step.</summary>
internal sealed class FaultyProcessor(int step, bool onAccept) : LogitsProcessor
{
    private int _accepted;

    public override void Apply(LogitsRow row)
    {
        if (!onAccept && row.Step == step)
            throw new InvalidDataException("processor");
    }

    public override void Accept(int token)
    {
        if (onAccept && _accepted++ == step)
            throw new InvalidDataException("processor");
    }

    public override LogitsProcessor Copy() => new FaultyProcessor(step, onAccept) { _accepted = _accepted };
}
