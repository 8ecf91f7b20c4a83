using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Seriatim.Lab;
using Seriatim.Tensors;

namespace Seriatim.Cli;

/// <summary>What <c>doctor --json</c> prints.</summary>
/// <param name="Version">Version of the program.</param>
/// <param name="Runtime">Version of .NET.</param>
/// <param name="Compiled">ahead, or when it runs (jit).</param>
/// <param name="System">The operating system.</param>
/// <param name="Processor">Its name.</param>
/// <param name="Cores">Processors the program may use.</param>
/// <param name="Threads">Threads the figures were measured with.</param>
/// <param name="Instructions">Instruction sets that .NET sees and that matter here.</param>
/// <param name="VectorBits">Width of the vectors that are used.</param>
/// <param name="MachineCode">Kernels of machine code: what they are for, or why there are none.</param>
/// <param name="MemoryBytes">Memory of the machine or the container.</param>
/// <param name="FreeBytes">What is free of it.</param>
/// <param name="ReadBytesPerSecond">Measured: streaming read of memory.</param>
/// <param name="F32MultiplyAddsPerSecond">Measured: F32 multiply-adds.</param>
/// <param name="ByteMultiplyAddsPerSecond">Measured: byte multiply-adds of AVX-VNNI; 0 without.</param>
/// <param name="Settings">Settings of the runtime that change speed.</param>
/// <param name="BuiltIn">Built-in models that are found.</param>
/// <param name="Cache">The cache of the hub.</param>
/// <param name="CachedModels">Models in it.</param>
/// <param name="CacheBytes">What they take.</param>
/// <param name="CacheFreeBytes">Room on its disk; missing where it cannot be known.</param>
/// <param name="Environment">Environment variables that are seen; of tokens, only that there is one.</param>
/// <param name="Token">Whether there is an access token for the hub.</param>
/// <param name="Advice">What could be better.</param>
internal sealed record DoctorReport(
    string Version, string Runtime, string Compiled, string System, string Processor, int Cores, int Threads,
        IReadOnlyList<string> Instructions,
    int VectorBits, string MachineCode, long MemoryBytes, long FreeBytes, double ReadBytesPerSecond,
        double F32MultiplyAddsPerSecond,
        double ByteMultiplyAddsPerSecond,
    IReadOnlyDictionary<string, string> Settings, IReadOnlyList<string> BuiltIn, string Cache, int CachedModels, long CacheBytes,
        long? CacheFreeBytes,
    IReadOnlyDictionary<string, string> Environment, bool Token, IReadOnlyList<string> Advice)
{
    public static DoctorReport Make(int threads)
    {
        int used = threads == 0 ? global::System.Environment.ProcessorCount : threads;
        using var probe = new MachineProbe(used);
        MachineSpeed speed = MachineSpeed.Max(probe.Measure(), probe.Measure());
        GC.Collect();
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        var hub = new ModelHub();
        IReadOnlyList<CachedModel> cached = hub.Cached;
        var report = new DoctorReport(
            HelpVerbs.Version, RuntimeInformation.FrameworkDescription, RuntimeFeature.IsDynamicCodeCompiled ? "jit" : "ahead",
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}", Hardware.Processor(),
                global::System.Environment.ProcessorCount, used,
            Hardware.Instructions(), Hardware.VectorBits(), Tensors.MachineCode.Description, memory.TotalAvailableMemoryBytes,
                Math.Max(0, memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes),
            speed.ReadBytesPerSecond, speed.F32MultiplyAddsPerSecond, speed.ByteMultiplyAddsPerSecond,
            Surroundings.RuntimeSettings(), hub.BuiltIn,
            hub.CacheFolder, cached.Count, cached.Sum(model => model.Bytes), Surroundings.FreeSpace(hub.CacheFolder),
                Surroundings.Variables(), Surroundings.HasToken(), []);
        return report with { Advice = [.. DoctorAdvice.For(report)] };
    }

    public IEnumerable<(string Name, string Value)> Rows()
    {
        yield return ("seriatim",
            $"{Version}, {(Compiled == "ahead" ? "compiled ahead" : "compiled when it runs")}, on {Runtime}");
        yield return ("system", System);
        yield return ("processor", $"{Processor}, {Cores} core{(Cores == 1 ? "" : "s")} to use");
        yield return ("instructions",
            $"{(Instructions.Count == 0 ? "none that matter" : string.Join(", ", Instructions))}; vectors of {VectorBits} bits");
        yield return ("machine code", MachineCode);
        yield return ("memory", $"{Terminal.Bytes(MemoryBytes)}, {Terminal.Bytes(FreeBytes)} of it free");
        string bytes = ByteMultiplyAddsPerSecond > 0
            ? FormattableString.Invariant($", bytes {ByteMultiplyAddsPerSecond / 1e9:F0} G/s") : "";
        yield return ("measured", string.Create(CultureInfo.InvariantCulture,
            $"memory is read with {ReadBytesPerSecond / 1e9:F1} GB/s; multiply-adds: F32 {F32MultiplyAddsPerSecond / 1e9:F0} "
                + $"G/s{bytes} ({Threads} threads)"));
        yield return ("so at best",
            FormattableString.Invariant(
                $"{ReadBytesPerSecond / 4.5e9:F1} tokens/s of a model of 7 billion parameters in 4 to 5 bits"));
        yield return ("runtime", string.Join(", ", Settings.Select(setting => $"{setting.Key} {setting.Value}")));
        yield return ("built-in models", BuiltIn.Count == 0 ? "none found" : string.Join(", ", BuiltIn));
        string room = CacheFreeBytes is { } free ? $"; {Terminal.Bytes(free)} free on its disk" : "";
        yield return ("cache",
            $"{Cache}: {CachedModels} model{(CachedModels == 1 ? "" : "s")}, {Terminal.Bytes(CacheBytes)}{room}");
        yield return ("environment", Environment.Count == 0
            ? "no variables that matter" : string.Join(", ", Environment.Select(variable => $"{variable.Key}={variable.Value}")));
        yield return ("token of the hub", Token ? "there is one" : "none");
    }
}
