namespace Seriatim.Cli;

/// <summary>What to do about what was found.</summary>
internal static class DoctorAdvice
{
    private const long LittleMemory = 2_000_000_000, LittleRoom = 5_000_000_000;

    public static IEnumerable<string> For(DoctorReport report)
    {
        bool x64 = report.System.EndsWith("X64", StringComparison.Ordinal);
        if (report.VectorBits < 256 && x64)
        {
            yield return "Vectors are 128 bits wide: the processor has no AVX2, or it is forbidden (DOTNET_EnableAVX2, "
                + "DOTNET_EnableHWIntrinsic), or the program was compiled ahead for any processor (IlcInstructionSet). Models "
                + "run several times slower than they could.";
        }

        if (report.Settings.TryGetValue("loops in the quick tier", out string? loops) && loops == "on")
        {
            yield return "Loops begin in the quick tier (DOTNET_TC_QuickJitForLoops): the first seconds are "
                + "many times slower. Unset it.";
        }
        if (report.Settings.TryGetValue("tiered compilation", out string? tiered) && tiered == "off")
            yield return "Tiered compilation is off (DOTNET_TieredCompilation): the program starts slower.";
        if (report.Cores == 1)
            yield return "There is one core to use (a limit of the container?); matrix products would use more.";
        if (report.Threads > report.Cores)
        {
            yield return $"--threads {report.Threads} is more than the {report.Cores} cores there are: that makes "
                + "it slower, not faster.";
        }
        if (report.FreeBytes < LittleMemory)
        {
            yield return $"Only {Terminal.Bytes(report.FreeBytes)} of memory are free. Small models run; for larger ones close "
                + "programs, or take files with fewer bits (quantize).";
        }
        if (report.CacheFreeBytes is { } free && free < LittleRoom)
        {
            yield return $"The disk of the cache has {Terminal.Bytes(free)} left. 'seriatim rm' takes models away; HF_HUB_CACHE "
                + "names another folder.";
        }
        if (report.BuiltIn.Count == 0)
            yield return "No built-in models are found, so commands need -m. They lie in the folder models beside the program.";
        if (report.Environment.ContainsKey("HF_HUB_OFFLINE"))
            yield return "HF_HUB_OFFLINE is set: if it is 1, nothing is fetched from the hub.";
    }
}
