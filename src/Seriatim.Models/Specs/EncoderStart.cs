namespace Seriatim.Models;

/// <summary>
/// What a decoder's recurrent layer begins with: <c>tanh(linear(e))</c>, its own layer of what the encoder made of the whole
/// source (Bahdanau et al., 2015, appendix A.2.2).
/// </summary>
public enum EncoderStart
{
    /// <summary>e is the encoder's last row: it has read all of the source.</summary>
    LastRow,

    /// <summary>
    /// e is the first half of the last row and the second half of the first one: where each direction of a bidirectional encoder
    /// ends.
    /// </summary>
    BothEnds,
}
