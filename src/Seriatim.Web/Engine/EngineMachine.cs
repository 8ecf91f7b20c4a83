using Seriatim.Tensors;

namespace Seriatim.Web.Engine;

/// <summary>The limits of this machine, measured once for all who look: it takes all cores for some seconds.</summary>
internal sealed class EngineMachine : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary>What was measured; null: nothing was.</summary>
    public MachineSpeed? Speed { get; private set; }

    /// <summary>Measures with as many threads as engines have.</summary>
    /// <param name="threads">How many.</param>
    public async Task<MachineSpeed> MeasureAsync(int threads)
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            return Speed ??= await Task.Run(() =>
            {
                using var probe = new MachineProbe(Math.Clamp(threads, 1, Environment.ProcessorCount));
                return probe.Measure();
            }).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();
}
