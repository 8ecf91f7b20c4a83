namespace Seriatim.Tests;

/// <summary>A theory over files in <c>../shared</c>, skipped with the reason where they are not beside this clone.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedTheoryAttribute : TheoryAttribute
{
    public SharedTheoryAttribute(string folder)
    {
        if (!Directory.Exists(Path.Combine(Repository.Shared, folder)))
            Skip = $"../shared/{folder} does not exist";
    }
}
