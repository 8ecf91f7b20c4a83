using Seriatim.Models;

namespace Seriatim.Cli;

/// <summary>Tensors of a file that are not read, all for one reason.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Names">Their names.</param>
internal sealed record SkippedGroup(string Reason, IReadOnlyList<string> Names)
{
    private const int Shown = 4;

    /// <summary>The parts of the model they belong to, or the first names.</summary>
    public string InWords
    {
        get
        {
            string[] parts = [.. Names.Select(Part).Distinct()];
            return string.Join(", ", parts.Take(Shown)) + (parts.Length > Shown ? $" and {parts.Length - Shown} more" : "");
        }
    }

    public static IReadOnlyList<SkippedGroup> Of(IReadOnlyList<SkippedTensor> tensors) =>
        [.. tensors.GroupBy(tensor => tensor.Reason)
            .Select(group => new SkippedGroup(group.Key, [.. group.Select(t => t.Name)]))];

    /// <summary>All of a tower is one part; what stands alone keeps its name.</summary>
    private string Part(string name)
    {
        string[] steps = name.Split('.');
        int from = steps[0] is "model" ? 1 : 0;
        string start = string.Join('.', steps.Take(from + 1));
        return steps.Length > from + 1 && Names.Count(other => other.StartsWith($"{start}.", StringComparison.Ordinal)) > 1
            ? $"{start}.*"
            : name;
    }
}
