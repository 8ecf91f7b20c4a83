namespace Seriatim.Cli.Tests;

/// <summary>A test that needs a terminal, which util-linux's script makes, and ../shared/models/stories260K.</summary>
internal sealed class TerminalFactAttribute : FactAttribute
{
    public TerminalFactAttribute()
    {
        if (!Directory.Exists(Cli.Stories))
            Skip = "../shared/models/stories260K is not there.";
        else if (!File.Exists("/usr/bin/script"))
            Skip = "/usr/bin/script is not there.";
    }
}
