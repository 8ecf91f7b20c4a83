namespace Seriatim.Tensors.Tests;

public sealed class SlowBuildTests
{
    [Fact]
    public void Only_a_program_that_could_be_faster_here_is_told_so()
    {
        Assert.Null(SlowBuild.Problem(uses: true, has: true));
        Assert.Null(SlowBuild.Problem(uses: false, has: false));
        Assert.Contains("IlcInstructionSet", SlowBuild.Problem(uses: false, has: true));
    }
}
