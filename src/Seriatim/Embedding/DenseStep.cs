using Seriatim.Formats;
using Seriatim.Models;

namespace Seriatim;

/// <summary>A trained layer after pooling: <c>f(W x + b)</c>, sums in double in the order of the features.</summary>
internal sealed class DenseStep
{
    private readonly float[] _weight;
    private readonly float[]? _bias;
    private readonly Func<double, double> _activation;

    private DenseStep(int inputs, int outputs, float[] weight, float[]? bias, Func<double, double> activation) =>
        (Inputs, Outputs, _weight, _bias, _activation) = (inputs, outputs, weight, bias, activation);

    public int Inputs { get; }

    public int Outputs { get; }

    /// <summary>Reads the folder of the layer.</summary>
    /// <exception cref="UnsupportedConfigException">A key is not known, or its value is not built.</exception>
    /// <exception cref="ModelFormatException">A file is missing or damaged, or has other shapes.</exception>
    public static DenseStep Read(string folder)
    {
        string file = Path.Combine(folder, "config.json");
        using System.Text.Json.JsonDocument json = LenientJson.Parse(file);
        var config = new ConfigReader(file, json.RootElement);
        int inputs = config.Size("in_features"), outputs = config.Size("out_features");
        bool bias = config.Flag(true, "bias");
        string name = config.Text("Tanh", "activation_function");
        Func<double, double> activation = name.Split('.')[^1] switch
        {
            "Identity" => x => x,
            "Tanh" => Math.Tanh,
            "ReLU" => x => Math.Max(x, 0),
            "Sigmoid" => x => 1 / (1 + Math.Exp(-x)),
            "SiLU" => x => x / (1 + Math.Exp(-x)),
            _ => throw config.Unsupported("activation_function", name, "Identity, Tanh, ReLU, Sigmoid or SiLU is needed"),
        };
        config.WaiveAt("the embedding, as it comes", "\"sentence_embedding\"", "module_input_name", "module_output_name");
        config.Complete();
        string weights = Path.Combine(folder, SafetensorsCheckpoint.SingleFileName);
        if (!File.Exists(weights))
        {
            throw new ModelFormatException(folder, $"has no {SafetensorsCheckpoint.SingleFileName}.",
                "Other formats of weights are not read; convert it.");
        }
        using SafetensorsFile tensors = SafetensorsFile.Open(weights);
        return new DenseStep(inputs, outputs, Values(tensors, "linear.weight", outputs, inputs),
            bias ? Values(tensors, "linear.bias", outputs) : null, activation);
    }

    public float[] Run(float[] vector)
    {
        float[] result = new float[Outputs];
        for (int row = 0; row < Outputs; row++)
        {
            double sum = 0;
            for (int i = 0; i < Inputs; i++)
                sum += (double)_weight[row * Inputs + i] * vector[i];
            result[row] = (float)_activation(sum + (_bias?[row] ?? 0));
        }

        return result;
    }

    private static float[] Values(SafetensorsFile file, string name, params ReadOnlySpan<long> shape)
    {
        SafetensorsEntry entry = file[name];
        return entry.Shape.AsSpan().SequenceEqual(shape)
            ? file.ReadF32(entry)
            : throw new ModelFormatException(file.Path,
                $"{name} is [{string.Join(", ", entry.Shape)}]; the config needs [{string.Join(", ", shape.ToArray())}].",
                "Config and weights do not belong together.");
    }
}
