namespace Seriatim.Tensors.Tests;

/// <summary>One head of retention as the paper has it (Sun et al., 2023, section 2.1), in double.</summary>
/// <param name="q">Queries by rows.</param>
/// <param name="k">Keys.</param>
/// <param name="v">Values.</param>
/// <param name="decay">The factor γ.</param>
public sealed class RetentionForms(double[][] q, double[][] k, double[][] v, double decay)
{
    /// <summary>Equation 5: <c>(Q Kᵀ ⊙ D) V</c> with <c>D_nm = γ^(n-m)</c> for n ≥ m.</summary>
    public double[][] Parallel() => [.. Enumerable.Range(0, q.Length).Select(n => Row(n, 0))];

    /// <summary>Equation 6: <c>S_n = γ S_(n-1) + K_nᵀ V_n</c>, <c>o_n = Q_n S_n</c>.</summary>
    public double[][] Recurrent()
    {
        double[,] state = new double[q[0].Length, v[0].Length];
        return [.. Enumerable.Range(0, q.Length).Select(n =>
        {
            Fade(state, decay);
            Take(state, n, 1);
            return Read(state, n, 1);
        })];
    }

    /// <summary>Equation 7: within a chunk as equation 5, and the state at its begin for what came before.</summary>
    public double[][] Chunkwise(int chunk)
    {
        double[,] state = new double[q[0].Length, v[0].Length];
        double[][] result = new double[q.Length][];
        for (int start = 0; start < q.Length; start += chunk)
        {
            int end = Math.Min(start + chunk, q.Length);
            for (int n = start; n < end; n++)
                result[n] = [.. Row(n, start).Zip(Read(state, n, Math.Pow(decay, n - start + 1)), (own, past) => own + past)];
            Fade(state, Math.Pow(decay, end - start));
            for (int n = start; n < end; n++)
                Take(state, n, Math.Pow(decay, end - 1 - n));
        }

        return result;
    }

    private double[] Row(int n, int first)
    {
        double[] o = new double[v[0].Length];
        for (int m = first; m <= n; m++)
        {
            double score = q[n].Zip(k[m], (a, b) => a * b).Sum() * Math.Pow(decay, n - m);
            for (int j = 0; j < o.Length; j++)
                o[j] += score * v[m][j];
        }

        return o;
    }

    private double[] Read(double[,] state, int n, double factor) => [.. Enumerable.Range(0, v[0].Length).Select(j =>
        factor * Enumerable.Range(0, q[0].Length).Sum(i => q[n][i] * state[i, j]))];

    private void Take(double[,] state, int n, double factor)
    {
        for (int i = 0; i < q[0].Length; i++)
        {
            for (int j = 0; j < v[0].Length; j++)
                state[i, j] += factor * k[n][i] * v[n][j];
        }
    }

    private static void Fade(double[,] state, double factor)
    {
        for (int i = 0; i < state.GetLength(0); i++)
        {
            for (int j = 0; j < state.GetLength(1); j++)
                state[i, j] *= factor;
        }
    }
}
