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
catch (OperationCanceledException)
{
    return 130;
}
catch (ArgumentException failure) when (failure.GetType() == typeof(ArgumentException))
{
    Console.Error.WriteLine(failure.Message);
    return 2;
}
