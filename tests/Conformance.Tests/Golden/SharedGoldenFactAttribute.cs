namespace Seriatim.Conformance.Tests;

/// <summary>A test that needs ../shared/golden and is skipped, with that reason, where it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedGoldenFactAttribute : FactAttribute
{
    public SharedGoldenFactAttribute() => Skip = GoldenRoots.Missing(GoldenRoots.SharedGolden);
}
