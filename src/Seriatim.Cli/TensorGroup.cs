using Seriatim.Models;

namespace Seriatim.Cli;

/// <summary>Matrices of a file that are stored and used alike.</summary>
/// <param name="Stored">How the file holds them.</param>
/// <param name="Used">What products read.</param>
/// <param name="Opened">Whether that is something else, made at load.</param>
/// <param name="Tensors">How many.</param>
internal sealed record TensorGroup(string Stored, string Used, bool Opened, int Tensors)
{
    /// <summary>What a person reads of it.</summary>
    public string InWords => Opened ? $"{Stored}, opened to {Used} at load"
        : Used == Stored ? $"{Stored}, multiplied as stored"
        : $"{Stored}, multiplied as stored ({Used})";

    public static IReadOnlyList<TensorGroup> Of(IReadOnlyList<TensorUse> uses) =>
        [.. uses.GroupBy(use => (use.Stored, use.Used, use.IsOpened)).OrderByDescending(group => group.Count())
            .Select(group => new TensorGroup(group.Key.Stored, group.Key.Used, group.Key.IsOpened, group.Count()))];
}
