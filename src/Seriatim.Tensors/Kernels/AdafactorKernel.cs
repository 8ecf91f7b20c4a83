namespace Seriatim.Tensors;

/// <summary>A step of Adafactor in blocks of 32 rows, which are the panels of a parameter that lies in panels.</summary>
internal unsafe struct AdafactorKernel<T> : IWork
    where T : struct, ILanes<T>
{
    private const int Block = Parameter.PanelRows;

    private enum Phase
    {
        Sums,
        Squares,
        Change,
    }

    private Parameter _parameter;
    private AdafactorFactors _factors;
    private Phase _phase;
    private float* _gradient;
    private float* _data;
    private float* _rowFactors;    // [blocks][32]; in the first phase the sums of rows
    private float* _columnFactors; // [columns]
    private float* _columnSums;    // [blocks][columns]
    private double* _sums;         // of the squares of updates and of values: [blocks][2]
    private float _keep;
    private float _step;

    public static void Step(WorkerTeam team, Parameter p, Tensor? rows, Tensor columns, AdafactorFactors factors)
    {
        int blocks = (p.Rows + Block - 1) / Block;
        using Tensor rowFactors = Tensor.Zeros(blocks, Block);
        using Tensor columnFactors = Tensor.Zeros(1, p.Columns);
        using Tensor columnSums = Tensor.Create(blocks, p.Columns);
        using Tensor sums = Tensor.Zeros(blocks, 4);
        var work = new AdafactorKernel<T>
        {
            _parameter = p,
            _factors = factors,
            _gradient = p.GradientOrZeros().Floats,
            _data = p.Master.Floats,
            _rowFactors = rowFactors.Floats,
            _columnFactors = columnFactors.Floats,
            _columnSums = columnSums.Floats,
            _sums = (double*)sums.Floats,
        };
        if (rows is null)
        {
            work.VectorFactors(columns);
        }
        else
        {
            work._phase = Phase.Sums;
            team.Run(blocks, ref work, p.Master.Length);
            work.Factors(blocks, rows.Span, columns.Span);
        }

        work._phase = Phase.Squares;
        team.Run(blocks, ref work, p.Master.Length);
        work.SetStep(blocks);
        work._phase = Phase.Change;
        team.Run(blocks, ref work, p.Master.Length);
    }

    public readonly void Do(int piece, int worker)
    {
        switch (_phase)
        {
            case Phase.Sums:
                Sums(piece);
                break;
            case Phase.Squares:
                Squares(piece);
                break;
            default:
                Change(piece);
                break;
        }
    }

    /// <summary>Brings the means of rows and columns up to date; the update of an element is g times both factors.</summary>
    private readonly void Factors(int blocks, Span<float> rows, Span<float> columns)
    {
        double mean = 0;
        for (int r = 0; r < rows.Length; r++)
        {
            rows[r] = rows[r] * _factors.Keep + _rowFactors[r] / columns.Length * _factors.Rest;
            mean += rows[r];
        }

        mean /= rows.Length;
        for (int r = 0; r < rows.Length; r++)
            _rowFactors[r] = (float)Math.Sqrt(mean / rows[r]);
        for (int c = 0; c < columns.Length; c++)
        {
            float sum = 0;
            for (int b = 0; b < blocks; b++)
                sum += _columnSums[(long)b * columns.Length + c];
            columns[c] = columns[c] * _factors.Keep + sum / rows.Length * _factors.Rest;
            _columnFactors[c] = 1 / MathF.Sqrt(columns[c]);
        }
    }

    private readonly void VectorFactors(Tensor squares)
    {
        _rowFactors[0] = 1;
        for (int c = 0; c < _parameter.Columns; c++)
        {
            float g = _gradient[_parameter.Offset(0, c)] * _factors.Scale;
            squares.Floats[c] = squares.Floats[c] * _factors.Keep + (g * g + _factors.SquareEpsilon) * _factors.Rest;
            _columnFactors[c] = 1 / MathF.Sqrt(squares.Floats[c]);
        }
    }

    private void SetStep(int blocks)
    {
        double updates = 0;
        double values = 0;
        for (int b = 0; b < blocks; b++)
        {
            updates += _sums[2 * b];
            values += _sums[2 * b + 1];
        }

        double count = (double)_parameter.Rows * _parameter.Columns;
        double rate = _factors.Rate;
        double size = Math.Sqrt(updates / count);
        if (_factors.SmallestScale > 0)
            rate *= Math.Max(_factors.SmallestScale, Math.Sqrt(values / count));
        _keep = (float)(1 - rate * _factors.Decay);
        _step = (float)(rate / (_factors.ClipThreshold > 0 ? Math.Max(1, size / _factors.ClipThreshold) : 1));
    }

    /// <summary>Sums of squared gradients over the rows and the columns of a block.</summary>
    private readonly void Sums(int block)
    {
        (int first, int rows) = RowsOf(block);
        float* rowSums = _rowFactors + first;
        float* columnSums = _columnSums + (long)block * _parameter.Columns;
        float* lanes = stackalloc float[Block];
        for (int c = 0; c < _parameter.Columns; c++)
        {
            Gather(_gradient, first, rows, c, lanes);
            float even = 0;
            float odd = 0;
            for (int r = 0; r < Block; r += 2)
            {
                float a = lanes[r] * _factors.Scale;
                float b = lanes[r + 1] * _factors.Scale;
                float a2 = r < rows ? a * a + _factors.SquareEpsilon : 0;
                float b2 = r + 1 < rows ? b * b + _factors.SquareEpsilon : 0;
                (rowSums[r], rowSums[r + 1]) = (rowSums[r] + a2, rowSums[r + 1] + b2);
                (even, odd) = (even + a2, odd + b2);
            }

            columnSums[c] = even + odd;
        }
    }

    /// <summary>Sums of the squares of a block's updates and values.</summary>
    private readonly void Squares(int block)
    {
        (int first, int rows) = RowsOf(block);
        float* lanes = stackalloc float[Block];
        float* values = stackalloc float[Block];
        new Span<float>(values, Block).Clear();
        double updates = 0;
        double own = 0;
        for (int c = 0; c < _parameter.Columns; c++)
        {
            Gather(_gradient, first, rows, c, lanes);
            if (_factors.SmallestScale > 0)
                Gather(_data, first, rows, c, values);
            for (int r = 0; r < rows; r++)
            {
                double u = lanes[r] * _factors.Scale * _rowFactors[first + r] * _columnFactors[c];
                updates += u * u;
                own += (double)values[r] * values[r];
            }
        }

        (_sums[2 * block], _sums[2 * block + 1]) = (updates, own);
    }

    private readonly void Change(int block)
    {
        (int first, int rows) = RowsOf(block);
        for (int c = 0; c < _parameter.Columns; c++)
        {
            // Fillers of the last panel have no gradient and stay zero.
            if (_parameter.Layout == ParameterLayout.Panels)
            {
                ChangePanel(first, c);
                continue;
            }

            for (int r = 0; r < rows; r++)
            {
                long i = _parameter.Offset(first + r, c);
                _data[i] = _data[i] * _keep - _gradient[i] * _factors.Scale * _rowFactors[first + r] * _columnFactors[c] * _step;
            }
        }
    }

    private readonly void ChangePanel(int first, int column)
    {
        long at = _parameter.Offset(first, column);
        for (int r = 0; r < Block; r += 16)
        {
            T u = T.Load(_gradient + at + r) * T.Broadcast(_factors.Scale) * T.Load(_rowFactors + first + r)
                * T.Broadcast(_columnFactors[column]);
            T.Store(T.Load(_data + at + r) * T.Broadcast(_keep) - u * T.Broadcast(_step), _data + at + r);
        }
    }

    private readonly (int First, int Rows) RowsOf(int block) => (block * Block, Math.Min(Block, _parameter.Rows - block * Block));

    /// <summary>One column of a block, fillers as zeros.</summary>
    private readonly void Gather(float* memory, int first, int rows, int column, float* lanes)
    {
        var to = new Span<float>(lanes, Block);
        if (_parameter.Layout == ParameterLayout.Panels)
        {
            new ReadOnlySpan<float>(memory + _parameter.Offset(first, column), Block).CopyTo(to);
            return;
        }

        to.Clear();
        for (int r = 0; r < rows; r++)
            lanes[r] = memory[(long)(first + r) * _parameter.Columns + column];
    }
}
