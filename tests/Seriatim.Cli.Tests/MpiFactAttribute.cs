namespace Seriatim.Cli.Tests;

/// <summary>A fact that needs Open MPI's mpirun; a visible skip without it.</summary>
internal sealed class MpiFactAttribute : FactAttribute
{
    public MpiFactAttribute()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, "mpirun"))))
            Skip = "mpirun is missing (Debian: openmpi-bin)";
    }
}
