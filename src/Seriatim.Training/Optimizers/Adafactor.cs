using System.Numerics;

namespace Seriatim.Training;

/// <summary>
/// Adafactor (Shazeer and Stern, 2018, algorithms 4 and 5): of the average of squared gradients of a matrix only the means of its
/// rows <c>R</c> and columns <c>C</c> are kept, <c>v = R C / mean(R)</c>; the update <c>u = g / sqrt(v)</c> is scaled down to a root
/// mean square of at most 1; <c>p -= r w p; p -= r u</c> with the rate r and the decay w. No average of gradients. Vectors keep all of v.
/// </summary>
/// <remarks>
/// Rows and columns are those of the matrix, whatever its order in memory. Work is cut into blocks of 32 rows and their sums are
/// added up in order, so the bits of the result do not depend on the number of threads or the width of vectors.
/// </remarks>
public sealed class Adafactor : Optimizer
{
    private const int Block = Parameter.PanelRows;

    private readonly AdafactorOptions _options;
    private readonly List<OptimizerMoment[]> _own = [];
    private double _rate;
    private float _scale, _keep, _rest;

    /// <summary>Makes an optimizer whose averages are zero.</summary>
    /// <param name="parameters">What it changes.</param>
    /// <param name="options">By default those of <see cref="AdafactorOptions"/>.</param>
    /// <param name="threads">Threads of a step; 0: as many as the machine has.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option has no sense.</exception>
    public Adafactor(IReadOnlyList<TrainableParameter> parameters, AdafactorOptions? options = null, int threads = 0)
        : base(parameters, threads)
    {
        _options = options ?? new AdafactorOptions();
        _options.Check();
        foreach (Parameter p in parameters.Select(p => p.Parameter))
            _own.Add(p.Rows == 1 ? [new("exp_avg_sq", p)] : [new("exp_avg_sq_row", p, p.Rows), new("exp_avg_sq_col", p, p.Columns)]);
        Moments = [.. _own.SelectMany(moments => moments)];
    }

    /// <inheritdoc/>
    protected override void Prepare(double learningRate, double gradientScale)
    {
        (_rate, _scale) = (learningRate, (float)gradientScale);
        _rest = (float)Math.Pow(Steps, -_options.DecayRate);
        _keep = 1 - _rest;
    }

    /// <inheritdoc/>
    protected override void Update(int parameter, int start, int length) =>
        throw new NotSupportedException("Adafactor changes whole parameters.");

    private protected override void UpdateAll()
    {
        for (int i = 0; i < Parameters.Count; i++)
            Update(Parameters[i], _own[i]);
    }

    private void Update(TrainableParameter trained, OptimizerMoment[] moments)
    {
        Parameter p = trained.Parameter;
        int blocks = (p.Rows + Block - 1) / Block;
        float[] rowFactors = new float[blocks * Block], columnFactors = new float[p.Columns];
        if (moments.Length == 2)
            Factors(p, moments[0].Values.Span, moments[1].Values.Span, rowFactors, columnFactors);
        else
            VectorFactors(p, moments[0].Values.Span, rowFactors, columnFactors);
        double[] squares = new double[blocks], weights = new double[blocks];
        Parallel.For(0, blocks, Parallelism, b => (squares[b], weights[b]) = Squares(p, b, rowFactors, columnFactors));
        double count = (double)p.Rows * p.Columns;
        double rate = _rate, size = Math.Sqrt(squares.Sum() / count);
        if (_options.ScaleParameter)
            rate *= Math.Max(_options.SmallestScale, Math.Sqrt(weights.Sum() / count));
        float keep = trained.Decays ? (float)(1 - rate * _options.WeightDecay) : 1;
        float step = (float)(rate / (_options.ClipThreshold > 0 ? Math.Max(1, size / _options.ClipThreshold) : 1));
        Parallel.For(0, blocks, Parallelism, b => Change(p, b, rowFactors, columnFactors, keep, step));
    }

    /// <summary>Brings the means of rows and columns up to date; the update of an element is g times both factors.</summary>
    private void Factors(Parameter p, Span<float> rows, Span<float> columns, float[] rowFactors, float[] columnFactors)
    {
        int blocks = rowFactors.Length / Block;
        float[] columnSums = new float[(long)blocks * p.Columns];
        Parallel.For(0, blocks, Parallelism, b => Sums(p, b, rowFactors.AsSpan(b * Block, Block), columnSums.AsSpan(b * p.Columns, p.Columns)));
        double mean = 0;
        for (int r = 0; r < p.Rows; r++)
        {
            rows[r] = rows[r] * _keep + rowFactors[r] / p.Columns * _rest;
            mean += rows[r];
        }

        mean /= p.Rows;
        for (int r = 0; r < p.Rows; r++)
            rowFactors[r] = (float)Math.Sqrt(mean / rows[r]);
        for (int c = 0; c < p.Columns; c++)
        {
            float sum = 0;
            for (int b = 0; b < blocks; b++)
                sum += columnSums[(long)b * p.Columns + c];
            columns[c] = columns[c] * _keep + sum / p.Rows * _rest;
            columnFactors[c] = 1 / MathF.Sqrt(columns[c]);
        }
    }

    private void VectorFactors(Parameter p, Span<float> squares, float[] rowFactors, float[] columnFactors)
    {
        rowFactors[0] = 1;
        float epsilon = (float)_options.SquareEpsilon;
        for (int c = 0; c < p.Columns; c++)
        {
            int at = RowOrder.Offset(p, 0, c);
            float g = p.Gradient!.Span[at] * _scale;
            squares[at] = squares[at] * _keep + (g * g + epsilon) * _rest;
            columnFactors[c] = 1 / MathF.Sqrt(squares[at]);
        }
    }

    /// <summary>Sums of squared gradients over the rows and the columns of a block.</summary>
    private void Sums(Parameter p, int block, Span<float> rowSums, Span<float> columnSums)
    {
        float epsilon = (float)_options.SquareEpsilon;
        int first = block * Block, rows = Math.Min(Block, p.Rows - first);
        ReadOnlySpan<float> gradient = p.Gradient!.Span;
        Span<float> lanes = stackalloc float[Block];
        rowSums.Clear();
        for (int c = 0; c < p.Columns; c++)
        {
            Gather(p, gradient, first, rows, c, lanes);
            float even = 0, odd = 0;
            for (int r = 0; r < Block; r += 2)
            {
                float a = lanes[r] * _scale, b = lanes[r + 1] * _scale;
                float a2 = r < rows ? a * a + epsilon : 0, b2 = r + 1 < rows ? b * b + epsilon : 0;
                (rowSums[r], rowSums[r + 1]) = (rowSums[r] + a2, rowSums[r + 1] + b2);
                (even, odd) = (even + a2, odd + b2);
            }

            columnSums[c] = even + odd;
        }
    }

    /// <summary>Sums of the squares of a block's updates and weights.</summary>
    private (double Updates, double Weights) Squares(Parameter p, int block, float[] rowFactors, float[] columnFactors)
    {
        int first = block * Block, rows = Math.Min(Block, p.Rows - first);
        ReadOnlySpan<float> gradient = p.Gradient!.Span, data = p.Data.Span;
        Span<float> lanes = stackalloc float[Block], values = stackalloc float[Block];
        double updates = 0, weights = 0;
        for (int c = 0; c < p.Columns; c++)
        {
            Gather(p, gradient, first, rows, c, lanes);
            if (_options.ScaleParameter)
                Gather(p, data, first, rows, c, values);
            for (int r = 0; r < rows; r++)
            {
                double u = lanes[r] * _scale * rowFactors[first + r] * columnFactors[c];
                updates += u * u;
                weights += (double)values[r] * values[r];
            }
        }

        return (updates, weights);
    }

    private void Change(Parameter p, int block, float[] rowFactors, float[] columnFactors, float keep, float step)
    {
        int first = block * Block, rows = Math.Min(Block, p.Rows - first);
        ReadOnlySpan<float> gradient = p.Gradient!.Span;
        Span<float> data = p.Data.Span;
        Vector<float> scale = new(_scale), kept = new(keep), steps = new(step);
        for (int c = 0; c < p.Columns; c++)
        {
            int at = RowOrder.Offset(p, first, c), r = 0;
            // Fillers of the last panel have no gradient and stay zero.
            for (; p.Layout == ParameterLayout.Panels && r < Block; r += Vector<float>.Count)
            {
                Vector<float> u = new Vector<float>(gradient[(at + r)..]) * scale * new Vector<float>(rowFactors, first + r) * new Vector<float>(columnFactors[c]);
                (new Vector<float>(data[(at + r)..]) * kept - u * steps).CopyTo(data[(at + r)..]);
            }

            for (; r < rows; r++)
            {
                int i = RowOrder.Offset(p, first + r, c);
                data[i] = data[i] * keep - gradient[i] * _scale * rowFactors[first + r] * columnFactors[c] * step;
            }
        }
    }

    /// <summary>One column of a block, fillers as zeros.</summary>
    private static void Gather(Parameter p, ReadOnlySpan<float> memory, int first, int rows, int column, Span<float> lanes)
    {
        if (p.Layout == ParameterLayout.Panels)
        {
            memory.Slice(RowOrder.Offset(p, first, column), Block).CopyTo(lanes);
            return;
        }

        lanes.Clear();
        for (int r = 0; r < rows; r++)
            lanes[r] = memory[(first + r) * p.Columns + column];
    }
}
