namespace Seriatim.Tokenizers.Tests;

/// <summary>A theory that needs what <c>tests/native/run.sh</c> makes; without it a visible skip.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NativeTheoryAttribute : TheoryAttribute
{
    public NativeTheoryAttribute() => Skip = NativeFolder.Missing;
}
