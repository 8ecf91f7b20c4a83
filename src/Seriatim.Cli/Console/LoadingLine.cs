using System.Diagnostics;

namespace Seriatim.Cli;

/// <summary>How much of the weights is loaded, on a terminal, from the second second on.</summary>
internal sealed class LoadingLine : IProgress<double>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private int _shown = -1;
    private bool _began;

    /// <inheritdoc/>
    public void Report(double value)
    {
        if (!_began)
            _clock.Restart(); // finding or fetching the model had a line of its own
        _began = true;
        int percent = (int)(100 * value);
        if (percent >= 100)
        {
            if (_shown >= 0)
                Terminal.ClearLive();
            _shown = -1;
        }
        else if (percent != _shown && _clock.Elapsed > Patience)
        {
            _shown = percent;
            Terminal.Live($"loading: {percent} %");
        }
    }
}
