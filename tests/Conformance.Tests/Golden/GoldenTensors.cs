namespace Seriatim.Conformance.Tests;

/// <summary>Tensors of a golden file.</summary>
internal sealed class GoldenTensors(string path) : IDisposable
{
    private readonly SafetensorsFile _file = SafetensorsFile.Open(path);

    public IEnumerable<string> Names => _file.Entries.Select(e => e.Name);

    public bool Has(string name) => _file.TryGet(name, out _);

    public float[] Floats(string name) => _file.ReadF32(_file[name]);

    public long[] Shape(string name) => [.. _file[name].Shape];

    /// <summary>A matrix [B, T] of ids.</summary>
    public int[][] Ids(string name)
    {
        int columns = (int)_file[name].Shape[^1];
        return [.. _file.ReadI32(_file[name]).Chunk(columns)];
    }

    public void Dispose() => _file.Dispose();
}
