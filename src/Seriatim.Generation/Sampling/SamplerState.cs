namespace Seriatim.Generation;

/// <summary>What sampling remembers of a sequence from token to token.</summary>
internal sealed class SamplerState
{
    /// <summary>Mirostat: the surprise above which tokens are dropped, in bits.</summary>
    public double Mu { get; set; }

    public SamplerState Copy() => new() { Mu = Mu };
}
