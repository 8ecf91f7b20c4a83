namespace Seriatim.Tokenizers.Tests;

/// <summary>A fact that needs ../shared; without it a visible skip.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedFactAttribute : FactAttribute
{
    public SharedFactAttribute() => Skip = Shared.Missing;
}
