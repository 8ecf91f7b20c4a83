namespace Seriatim.Generation;

/// <summary>
/// What speculation has brought, in seconds: an accepted token saves its sequence's part of a step, a drafted one costs a row.
/// Written by the engine's thread; may be read by any.
/// </summary>
internal sealed class SpeculationGain
{
    private double _seconds;

    /// <summary>Seconds saved so far, less those spent.</summary>
    public double Seconds => Volatile.Read(ref _seconds);

    public void Add(double seconds) => Volatile.Write(ref _seconds, _seconds + seconds);
}
