namespace Seriatim.Models;

/// <summary>
/// A random start: the same seed gives the same bits on every machine, whatever the order in which parameters are made. Element i
/// of a parameter follows from (seed, name, i) alone.
/// </summary>
/// <param name="seed">The seed.</param>
/// <param name="standardDeviation">
/// Of matrices and tables; by default what keeps rows and scores at deviation 1: 1 / sqrt(columns), times the request's gain.
/// </param>
/// <param name="sinusoidalPositions">
/// Learned positions begin as the sinusoids of 2017, as large as random ones would be, so that neighbours are alike from the
/// first step. Their bits are those of this machine's sine.
/// </param>
public sealed class RandomSource(ulong seed, float? standardDeviation = null, bool sinusoidalPositions = false) : IWeightSource
{
    /// <inheritdoc/>
    public Parameter Make(ParameterRequest request)
    {
        var parameter = request.NewParameter();
        float scale = standardDeviation ?? request.Gain / MathF.Sqrt(request.Columns);
        ulong key = Mix(seed ^ Hash(request.Name));
        int blocks = (request.Rows + Parameter.PanelRows - 1) / Parameter.PanelRows;
        Parallel.For(0, blocks, block =>
        {
            int first = block * Parameter.PanelRows;
            float[] values = new float[Math.Min(Parameter.PanelRows, request.Rows - first) * request.Columns];
            if (sinusoidalPositions && request.Initializer == Initializer.Positions)
                Sinusoids(first, scale, values, request.Columns);
            else
                Draw(request, scale, key, (ulong)first * (ulong)request.Columns, values);
            parameter.WriteRows(first, values);
        });
        return parameter;
    }

    /// <inheritdoc/>
    public QuantizedMatrix? MakeQuantized(ParameterRequest request) => null;

    /// <inheritdoc/>
    public void Complete(NameTable names)
    {
        // There is nothing that could be left over.
    }

    private static void Draw(ParameterRequest request, float scale, ulong key, ulong start, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = request.Initializer switch
            {
                Initializer.Zeros => 0,
                Initializer.Ones => 1,
                Initializer.ForgetGate => i % request.Columns * 4L / request.Columns == 1 ? 1 : 0,
                Initializer.Filter => Normal(key, start + (ulong)i) / MathF.Sqrt(3f * request.Columns),
                Initializer.Rates => (float)PlainMath.Log(i % request.Columns + 1),
                Initializer.Steps => Step(request.Steps, key, start + (ulong)i),
                _ => scale * Normal(key, start + (ulong)i),
            };
        }
    }

    /// <summary>Rows of sinusoids whose root mean square is <paramref name="scale"/>.</summary>
    private static void Sinusoids(int firstPosition, float scale, Span<float> values, int width)
    {
        for (int row = 0; row < values.Length / width; row++)
        {
            Span<float> position = values.Slice(row * width, width);
            SinusoidalTable.Fill(firstPosition + row, position);
            foreach (ref float value in position)
                value *= scale * MathF.Sqrt(2);
        }
    }

    /// <summary>
    /// Close to N(0, 1): the sum of twelve uniform numbers less 6 (Irwin-Hall), from integers alone, so that no library function
    /// can make a difference.
    /// </summary>
    internal static float Normal(ulong key, ulong index)
    {
        long sum = 0;
        for (ulong word = 0; word < 3; word++)
        {
            ulong bits = Mix(key + (index * 3 + word) * 0x9E3779B97F4A7C15);
            sum += (long)((bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48));
        }

        return (sum - 6 * 65535) / 65536f;
    }

    /// <summary>A step drawn log-uniformly, before softplus: <c>log(e^dt - 1)</c>.</summary>
    private static float Step(StepRange range, ulong key, ulong index)
    {
        double uniform = (Mix(key + index * 0x9E3779B97F4A7C15) >> 11) * (1.0 / (1L << 53));
        (double low, double high) = (PlainMath.Log(range.Smallest), PlainMath.Log(range.Largest));
        double step = Math.Max(PlainMath.Exp(low + uniform * (high - low)), range.Floor);
        return (float)PlainMath.Log(PlainMath.Exp(step) - 1);
    }

    /// <summary>The finalizer of SplitMix64 (Steele et al., 2014).</summary>
    internal static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>FNV-1a.</summary>
    private static ulong Hash(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char c in name)
            hash = (hash ^ c) * 0x100000001B3;
        return hash;
    }
}
