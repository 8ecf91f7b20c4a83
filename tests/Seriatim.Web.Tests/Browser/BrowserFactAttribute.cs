namespace Seriatim.Web.Tests;

/// <summary>A test in a real browser; skipped by name where there is none, or where the build found no axe-core.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = Chromium.Missing;
}
