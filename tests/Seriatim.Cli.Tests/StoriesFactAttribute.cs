namespace Seriatim.Cli.Tests;

/// <summary>A test that needs ../shared/models/stories260K and is skipped, with that reason, where it is missing.</summary>
internal sealed class StoriesFactAttribute : FactAttribute
{
    public StoriesFactAttribute()
    {
        if (!Directory.Exists(Cli.Stories))
            Skip = "../shared/models/stories260K is not there.";
    }
}
