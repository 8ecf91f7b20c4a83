namespace Seriatim.Cli.Tests;

/// <summary>A test that needs bash.</summary>
internal sealed class BashFactAttribute : FactAttribute
{
    public BashFactAttribute()
    {
        if (!File.Exists("/bin/bash"))
            Skip = "/bin/bash is not there.";
    }
}
