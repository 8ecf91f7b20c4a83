namespace Seriatim.Tensors;

/// <summary>The numbers of one step of Adafactor.</summary>
/// <param name="Rate">The learning rate.</param>
/// <param name="Scale">Factor of every gradient.</param>
/// <param name="Keep">Weight of the past in the means of squares.</param>
/// <param name="Rest">Weight of the present in them.</param>
/// <param name="SquareEpsilon">Added to squares of gradients.</param>
/// <param name="Decay">Share of a value, times the rate, that is taken away.</param>
/// <param name="ClipThreshold">Largest root mean square of the update; 0: none.</param>
/// <param name="SmallestScale">
/// If over 0 the rate is multiplied by the root mean square of the parameter, or this if that is more.
/// </param>
public readonly record struct AdafactorFactors(
    double Rate, float Scale, float Keep, float Rest, float SquareEpsilon, double Decay, double ClipThreshold,
    double SmallestScale);

/// <summary>
/// Of the average of squared gradients only the means of rows R and columns C are kept, <c>v = R C / mean(R)</c>; the update
/// <c>u = g / sqrt(v)</c> is scaled down to a root mean square of at most the threshold;
/// <c>p -= r w p; p -= r u</c>. A vector has no R: C keeps all of v.
/// </summary>
/// <remarks>
/// Rows and columns are those of the matrix, whatever its order in memory. Work is cut into blocks of 32 rows and their sums are
/// added up in order. Changes the parameter and the means. No result.
/// </remarks>
internal readonly struct AdafactorStepOp(Parameter parameter, Tensor? rows, Tensor columns, AdafactorFactors factors) : IOpCall
{
    public static string Name => "AdafactorStep";

    public OpPart Part => OpPart.Other;

    public int Results => 0;

    public (int Rows, int Columns) Shape(int result) => throw OpShapes.NoResult(Name);

    public void Check()
    {
        OpShapes.RequireTrainable(parameter, Name);
        OpShapes.Require(columns, 1, parameter.Columns, Name, "the means of columns");
        ShapeMismatchException.Require(
            rows is not null || parameter.Rows == 1, Name, "the means of rows", $"missing", $"given for {parameter}");
        if (rows is not null)
            OpShapes.Require(rows, 1, parameter.Rows, Name, "the means of rows");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => AdafactorKernel<T>.Step(team, parameter, rows, columns, factors);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        (int n, int m) = (parameter.Rows, parameter.Columns);
        double[,] values = Elements(parameter.Master);
        double[,] u = Elements(parameter.GradientOrZeros());
        double[] rowMeans = Means(rows, n, Sums(u, byRow: true), m);
        double[] columnMeans = Means(columns, m, Sums(u, byRow: false), n);
        double mean = 0;
        foreach (double row in rowMeans)
            mean += row / n;
        for (int r = 0; r < n; r++)
        {
            for (int c = 0; c < m; c++)
                u[r, c] *= factors.Scale / Math.Sqrt(rows is null ? columnMeans[c] : rowMeans[r] * columnMeans[c] / mean);
        }

        double rate = factors.Rate * (factors.SmallestScale > 0 ? Math.Max(factors.SmallestScale, RootMeanSquare(values)) : 1);
        double step = rate / (factors.ClipThreshold > 0 ? Math.Max(1, RootMeanSquare(u) / factors.ClipThreshold) : 1);
        for (int r = 0; r < n; r++)
        {
            for (int c = 0; c < m; c++)
            {
                parameter.Master.Span[(int)parameter.Offset(r, c)] = (float)(values[r, c] * (1 - rate * factors.Decay)
                    - u[r, c] * step);
            }
        }
    }

    /// <summary>The elements of a tensor in the parameter's layout as a matrix.</summary>
    private double[,] Elements(Tensor tensor)
    {
        double[,] values = new double[parameter.Rows, parameter.Columns];
        for (int r = 0; r < parameter.Rows; r++)
        {
            for (int c = 0; c < parameter.Columns; c++)
                values[r, c] = tensor.Span[(int)parameter.Offset(r, c)];
        }

        return values;
    }

    private double[] Sums(double[,] gradient, bool byRow)
    {
        double[] sums = new double[byRow ? parameter.Rows : parameter.Columns];
        for (int r = 0; r < parameter.Rows; r++)
        {
            for (int c = 0; c < parameter.Columns; c++)
            {
                double scaled = gradient[r, c] * factors.Scale;
                sums[byRow ? r : c] += scaled * scaled + factors.SquareEpsilon;
            }
        }

        return sums;
    }

    private double[] Means(Tensor? kept, int length, double[] sums, int count)
    {
        double[] means = new double[length];
        for (int i = 0; i < length && kept is not null; i++)
        {
            means[i] = kept.Span[i] * (double)factors.Keep + sums[i] / count * factors.Rest;
            kept.Span[i] = (float)means[i];
        }

        return means;
    }

    private static double RootMeanSquare(double[,] values)
    {
        double sum = 0;
        foreach (double value in values)
            sum += value * value;
        return Math.Sqrt(sum / values.Length);
    }
}

public static partial class OpsExtensions
{
    /// <summary>One step of Adafactor (Shazeer and Stern, 2018) for one parameter, in place.</summary>
    /// <param name="ops">Runs it.</param>
    /// <param name="parameter">F32; its gradient is read and stays.</param>
    /// <param name="rows">Means of squares of rows, <c>[1, Rows]</c>; null for a vector.</param>
    /// <param name="columns">Means of squares of columns, <c>[1, Columns]</c>.</param>
    /// <param name="factors">The numbers of this step.</param>
    public static void AdafactorStep(this IDifferentiableOps ops, Parameter parameter, Tensor? rows, Tensor columns,
        AdafactorFactors factors) =>
        ops.Call(new AdafactorStepOp(parameter, rows, columns, factors), []);
}
