namespace Seriatim.Models;

/// <summary>What the parts of a model take in its files, read from their headers alone.</summary>
/// <param name="Spec">The model.</param>
/// <param name="LayerBytes">Bytes of the tensors of each layer of its last stack.</param>
/// <param name="OtherBytes">Bytes of all others.</param>
/// <param name="Config">The config as the files have it, or as it says what their metadata say, UTF-8.</param>
/// <param name="Files">The files that hold the tensors.</param>
public sealed record ModelSizes(
    ModelSpec Spec, IReadOnlyList<long> LayerBytes, long OtherBytes, ReadOnlyMemory<byte> Config, IReadOnlyList<string> Files)
{
    /// <summary>
    /// A short name for the contents of the files: their lengths, first megabytes and samples of the rest, which processes
    /// compare that do not read all of them.
    /// </summary>
    public string FileDigest() => Models.FileDigest.Of(Files);

    internal static ModelSizes Of(
        ModelSpec spec, NameTable names, ReadOnlyMemory<byte> config, IEnumerable<(string Name, long Bytes)> tensors,
        IEnumerable<string> files)
    {
        long[] layers = new long[spec.Last.Layers.Count];
        long other = 0;
        foreach ((string name, long bytes) in tensors)
        {
            if (names.LayerOf(name) is { } layer && layer < layers.Length)
                layers[layer] += bytes;
            else
                other += bytes;
        }

        return new ModelSizes(spec, layers, other, config, [.. files]);
    }
}
