namespace Seriatim.Tokenizers.Tests;

/// <summary>A theory that needs ../shared; without it a visible skip.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedTheoryAttribute : TheoryAttribute
{
    public SharedTheoryAttribute() => Skip = Shared.Missing;
}
