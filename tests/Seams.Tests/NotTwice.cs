namespace Seams.Tests;

/// <summary>A processor of a user's that remembers its sequence: no token comes twice in a row.</summary>
public sealed class NotTwice : LogitsProcessor
{
    private int _last = -1;

    /// <summary>Whether it has seen a token; the one in the options never does.</summary>
    public bool HasAccepted => _last >= 0;

    /// <inheritdoc/>
    public override void Apply(LogitsRow row)
    {
        if (_last >= 0)
            row.Drop(_last);
    }

    /// <inheritdoc/>
    public override void Accept(int token) => _last = token;

    /// <inheritdoc/>
    public override LogitsProcessor Copy() => new NotTwice { _last = _last };
}
