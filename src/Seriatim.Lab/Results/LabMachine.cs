namespace Seriatim.Lab;

/// <summary>Where the figures were measured.</summary>
/// <param name="Processor">Its name.</param>
/// <param name="Cores">Processors the program may use.</param>
/// <param name="Threads">Threads used.</param>
/// <param name="VectorBits">Width of the vectors used.</param>
/// <param name="MemoryBytes">Memory of the machine or the container.</param>
/// <param name="Runtime">Version of .NET.</param>
/// <param name="Limits">Read bandwidth and multiply-adds, measured in this run.</param>
internal sealed record LabMachine(
    string Processor, int Cores, int Threads, int VectorBits, long MemoryBytes, string Runtime, MachineSpeed Limits);
