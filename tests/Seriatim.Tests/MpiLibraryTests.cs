namespace Seriatim.Tests;

/// <summary>What is said where there is no Open MPI. Runs over it are in Seriatim.Cli.Tests.</summary>
public sealed class MpiLibraryTests
{
    [Fact]
    public void A_machine_without_the_library_is_told_what_to_install()
    {
        string message = Assert.Throws<MpiException>(() => MpiLibrary.Start(["libmpi-that-is-nowhere.so"])).Message;
        Assert.Contains("libmpi-that-is-nowhere.so", message);
        Assert.Contains("openmpi-bin", message);
    }

    [Fact]
    public void Another_library_is_refused()
    {
        if (!OperatingSystem.IsLinux())
            return;
        Assert.Contains("is not Open MPI's library", Assert.Throws<MpiException>(() => MpiLibrary.Start(["libc.so.6"])).Message);
    }

    [Fact]
    public void A_process_by_itself_asks_for_no_library()
    {
        Assert.False(MpiProcessGroup.IsRequested);
        Assert.Equal(1, MpiProcessGroup.LocalSize);
    }
}
