using System.Runtime.InteropServices;
using Seriatim.Cluster.Storm;

try
{
    using var ending = new CancellationTokenSource();
    using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
    using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
    return await Storm.RunAsync(StormOptions.Parse(args), ending.Token);

    // Silos and networks go with the storm.
    void End(PosixSignalContext signal)
    {
        signal.Cancel = true;
        ending.Cancel();
    }
}
catch (Exception failure) when (failure is ArgumentException or InvalidOperationException or OperationCanceledException)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}
