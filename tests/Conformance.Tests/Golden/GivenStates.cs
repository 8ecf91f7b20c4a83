namespace Seriatim.Conformance.Tests;

/// <summary>
/// States of recurrent layers as golden files hold them: <c>name_h</c> and, of an LSTM, <c>name_c</c>, <c>[layers, B, H]</c>; as
/// layers take them: for each layer h and c of a sequence side by side.
/// </summary>
internal sealed class GivenStates : List<Tensor>, IDisposable
{
    /// <summary>States for a forward pass; null: the file has none of that name.</summary>
    public static GivenStates? Of(GoldenTensors tensors, string name, Device device)
    {
        if (Values(tensors, name) is not { } layers)
            return null;
        var states = new GivenStates();
        int rows = (int)tensors.Shape($"{name}_h")[1];
        foreach (float[] layer in layers)
            states.Add(device.Upload(layer, rows, layer.Length / rows));
        return states;
    }

    /// <summary>The numbers of each layer, <c>[B, parts · H]</c>; null: the file has none of that name.</summary>
    public static float[][]? Values(GoldenTensors tensors, string name)
    {
        if (!tensors.Has($"{name}_h"))
            return null;
        long[] shape = tensors.Shape($"{name}_h");
        (int rows, int width) = ((int)shape[1], (int)shape[2]);
        float[][] h = [.. tensors.Floats($"{name}_h").Chunk(rows * width)];
        if (!tensors.Has($"{name}_c"))
            return h;
        float[][] c = [.. tensors.Floats($"{name}_c").Chunk(rows * width)];
        return [.. h.Zip(c, (a, b) => a.Chunk(width).Zip(b.Chunk(width)).SelectMany(p => p.First.Concat(p.Second)).ToArray())];
    }

    /// <summary>As <see cref="Model.Forward(IOps, RaggedBatch, Tensor?)"/>, from what is given, if anything is.</summary>
    public static Tensor Forward(Model model, IOps ops, RaggedBatch batch, Tensor? encoded, GivenStates? begins) =>
        begins is null ? model.Forward(ops, batch, encoded) : model.Forward(ops, batch, begins);

    public void Dispose() => ForEach(state => state.Dispose());
}
