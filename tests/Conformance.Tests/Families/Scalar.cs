namespace Seriatim.Conformance.Tests;

/// <summary>
/// A decoder's parts as their papers write them: one row after the other, in double, over the tensors of a checkpoint under
/// their published names. Shares nothing with the library but the reading of names.
/// </summary>
internal sealed class Scalar
{
    private readonly Dictionary<string, float[]> _tensors;

    public Scalar(Model model) => _tensors = CheckpointExporter.Data(model.Parameters).ToDictionary(t => t.Name, t => t.Values);

    public bool Has(string name) => _tensors.ContainsKey(name);

    public double[] Vector(string name) => [.. _tensors[name].Select(value => (double)value)];

    /// <summary>Rows of a table of a width.</summary>
    public double[][] Rows(string name, int[] ids, int width) =>
        [.. ids.Select(id => _tensors[name].AsSpan(id * width, width).ToArray().Select(value => (double)value).ToArray())];

    /// <summary><c>W x (+ b)</c> with the rows that a slice of the tensor has.</summary>
    public double[][] Linear(double[][] x, string name, Range? rows = null)
    {
        float[] w = _tensors[name + ".weight"];
        float[]? b = _tensors.GetValueOrDefault(name + ".bias");
        int inputs = x[0].Length, all = w.Length / inputs;
        (int first, int count) = (rows ?? ..).GetOffsetAndLength(all);
        return Map(x, row => [.. Enumerable.Range(first, count).Select(o =>
        {
            double sum = b is null ? 0 : b[o];
            for (int i = 0; i < inputs; i++)
                sum += (double)w[o * inputs + i] * row[i];
            return sum;
        })]);
    }

    public double[][] LayerNorm(double[][] x, string? name, double epsilon = 1e-5)
    {
        double[]? w = name is null ? null : Vector(name + ".weight");
        double[]? b = name is not null && Has(name + ".bias") ? Vector(name + ".bias") : null;
        return Map(x, row =>
        {
            double mean = row.Average(), variance = row.Average(value => (value - mean) * (value - mean));
            return [.. row.Select((value, i) =>
                (value - mean) / Math.Sqrt(variance + epsilon) * (w is null ? 1 : w[i]) + (b is null ? 0 : b[i]))];
        });
    }

    public double[][] Rms(double[][] x, string name, double epsilon = 1e-6, double offset = 0)
    {
        double[] w = Vector(name + ".weight");
        return Map(x, row =>
        {
            double r = 1 / Math.Sqrt(row.Average(value => value * value) + epsilon);
            return [.. row.Select((value, i) => value * r * (offset + w[i]))];
        });
    }

    /// <summary>A function of each head of each row: its number, its features.</summary>
    public static double[][] Heads(double[][] x, int width, Func<int, double[], double[]> of) => Map(x, row =>
        [.. Enumerable.Range(0, row.Length / width).SelectMany(h => of(h, row[(h * width)..((h + 1) * width)]))]);

    public double[][] RmsHeads(double[][] x, string name, int width, double epsilon) =>
        Heads(x, width, (_, head) => Rms([head], name, epsilon)[0]);

    /// <summary>Turns the first features of each head; pairs are halves apart, or neighbours.</summary>
    public static double[][] Rope(double[][] x, int width, int turning, double theta, bool neighbours, double stretch = 1)
    {
        double[][] turned = new double[x.Length][];
        for (int p = 0; p < x.Length; p++)
        {
            turned[p] = Heads([x[p]], width, (_, head) =>
            {
                double[] result = [.. head];
                for (int i = 0; i < turning / 2; i++)
                {
                    (int a, int b) = neighbours ? (2 * i, 2 * i + 1) : (i, i + turning / 2);
                    double angle = p / stretch * Math.Pow(theta, -2.0 * i / turning);
                    result[a] = head[a] * Math.Cos(angle) - head[b] * Math.Sin(angle);
                    result[b] = head[b] * Math.Cos(angle) + head[a] * Math.Sin(angle);
                }

                return result;
            })[0];
        }

        return turned;
    }

    /// <summary>Causal attention.</summary>
    /// <param name="q">Queries of all heads.</param>
    /// <param name="k">Keys of all key heads.</param>
    /// <param name="v">Values.</param>
    /// <param name="width">Features of a head.</param>
    /// <param name="scale">Factor of the scores; 0: the usual one.</param>
    /// <param name="window">Keys that a query sees at most; 0: all.</param>
    /// <param name="bias">Added to the score of head h, query i, key j.</param>
    public static double[][] Attend(double[][] q, double[][] k, double[][] v, int width, double scale = 0, int window = 0,
        Func<int, int, int, double>? bias = null)
    {
        int heads = q[0].Length / width, group = heads / (k[0].Length / width);
        scale = scale == 0 ? 1 / Math.Sqrt(width) : scale;
        double[][] y = new double[q.Length][];
        for (int i = 0; i < q.Length; i++)
        {
            y[i] = new double[heads * width];
            for (int h = 0; h < heads; h++)
            {
                int first = window > 0 ? Math.Max(0, i - window + 1) : 0, at = h / group * width;
                double[] p = [.. Enumerable.Range(first, i - first + 1).Select(j => Math.Exp(
                    scale * Enumerable.Range(0, width)
                        .Sum(e => q[i][h * width + e] * k[j][at + e]) + (bias?.Invoke(h, i, j) ?? 0)))];
                for (int e = 0; e < width; e++)
                    y[i][h * width + e] = p.Select((weight, j) => weight * v[first + j][at + e]).Sum() / p.Sum();
            }
        }

        return y;
    }

    public static double[][] Add(params double[][][] terms) =>
        [.. Enumerable.Range(0, terms[0].Length)
            .Select(n => terms[0][n].Select((_, e) => terms.Sum(term => term[n][e])).ToArray())];

    public static double[][] Times(double[][] a, double[][] b) => [.. a.Zip(b, (x, y) => x.Zip(y, (p, q) => p * q).ToArray())];

    public static double[][] Map(double[][] x, Func<double[], double[]> of) => [.. x.Select(of)];

    public static double[][] Each(double[][] x, Func<double, double> of) => Map(x, row => [.. row.Select(of)]);

    public static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    public static double Silu(double x) => x * Sigmoid(x);

    public static double GeluTanh(double x) =>
        0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    /// <summary>The error function by Simpson's rule.</summary>
    public static double Gelu(double x)
    {
        const int Steps = 400;
        double z = x / Math.Sqrt(2), h = z / Steps, sum = 0;
        for (int i = 0; i <= Steps; i++)
            sum += (i == 0 || i == Steps ? 1 : i % 2 == 1 ? 4 : 2) * Math.Exp(-h * i * h * i);
        return 0.5 * x * (1 + 2 / Math.Sqrt(Math.PI) * sum * h / 3);
    }

    /// <summary><c>down(silu(gate) · up)</c> under the usual names.</summary>
    public double[][] Gated(double[][] x, string path, Func<double, double>? f = null) => Linear(
        Times(Each(Linear(x, path + ".gate_proj"), f ?? Silu), Linear(x, path + ".up_proj")), path + ".down_proj");

    /// <summary>The weighted sum of the experts that a row's rule names.</summary>
    public double[][] Experts(double[][] x, string path, Func<int, double[], (int Expert, double Weight)[]> rule,
        double[][] logits) =>
        [.. x.Select((row, n) => Add([[new double[row.Length]], .. rule(n, logits[n]).Select(
            one => Each(Gated([row], $"{path}.{one.Expert}"), value => value * one.Weight))])[0])];
}
