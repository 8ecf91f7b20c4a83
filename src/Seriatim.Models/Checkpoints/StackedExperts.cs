namespace Seriatim.Models;

/// <summary>
/// Checkpoints of 2026 may hold the experts of a layer as the reference library has them in memory: the first two matrices of all
/// of them in one tensor, gates before the others, and the last ones in another. Models whose tables name a tensor for each
/// expert are read from those too.
/// </summary>
internal static class StackedExperts
{
    private const string Path = "layers.*.mlp.experts.*.", Own = ".*.gate_proj";

    /// <summary>Puts the experts of a table where a checkpoint has them.</summary>
    /// <param name="names">The table.</param>
    /// <param name="spec">The model.</param>
    /// <param name="checkpoint">The checkpoint.</param>
    public static void Apply(NameTable names, ModelSpec spec, SafetensorsCheckpoint checkpoint)
    {
        if (names.PlaceOf($"{Path}gate") is not { Slices: 0 } place || !place.Name.EndsWith(Own, StringComparison.Ordinal))
            return;
        string stem = place.Name[..^Own.Length], both = $"{stem}.gate_up_proj";
        FeedForwardSpec.Experts? experts = spec.Last.Layers.Select(layer => layer.FeedForward)
            .OfType<FeedForwardSpec.Experts>().FirstOrDefault();
        if (experts is null || !checkpoint.Entries.Any(
            entry => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(both, entry.Name, ignoreCase: false)))
        {
            return;
        }

        (int count, int inner) = (experts.Count, experts.Expert.Width);
        Put("gate", new TensorPlace(both, Rows: RowPattern.Run(0, inner, 2 * inner), Slices: count, SliceRows: 2 * inner));
        Put("up", new TensorPlace(both, Rows: RowPattern.Run(inner, inner, 2 * inner), Slices: count, SliceRows: 2 * inner));
        Put("down", new TensorPlace($"{stem}.down_proj", Slices: count, SliceRows: spec.Last.Width));

        void Put(string part, TensorPlace where)
        {
            names.Remove(Path + part);
            names.Add($"{Path}{part}.weight", where); // whose name has no ending
        }
    }
}
