namespace Seriatim.Tensors;

/// <summary>
/// The operands of <see cref="SelectiveStepsOp"/>: rates A_log and bias <c>[1, H]</c>, and what steps are held between.
/// </summary>
internal readonly record struct StepOperands(Tensor X, Tensor Raw, Parameter Bias, Parameter LogRates, float Low, float High)
{
    public int Heads => Raw.Columns;

    public int Width => X.Columns / Raw.Columns;

    public void Check(string name)
    {
        ShapeMismatchException.Require(X.Rows == Raw.Rows && X.Columns % Heads == 0, name, "x", $"{X}",
            $"{Raw.Rows} rows and a multiple of {Heads} heads in columns");
        ShapeMismatchException.Require(Bias.Rows == 1 && Bias.Columns == Heads, name, "the bias", $"{Bias}", $"[1, {Heads}]");
        ShapeMismatchException.Require(
            LogRates.Rows == 1 && LogRates.Columns == Heads, name, "A_log", $"{LogRates}", $"[1, {Heads}]");
        if (!(Low >= 0 && Low <= High))
        {
            throw new ArgumentException(
                $"{name}: steps cannot be held between {Low} and {High}; numbers from 0, in order, are needed.");
        }

    }

    /// <summary>A row's step of a head in double, and the slope of what it is made of.</summary>
    public (double Step, double Slope) Exact(int row, int head)
    {
        double u = (double)Raw.Row(row)[head] + Bias.Data.Span[head];
        double free = ActivationMath.Value(Activation.Softplus, u);
        return (Math.Clamp(free, Low, High), free < Low || free > High ? 0 : ActivationMath.Slope(Activation.Softplus, u));
    }

    /// <summary>A head's rate in double.</summary>
    public double Rate(int head) => -PlainMath.Exp(LogRates.Data.Span[head]);
}

/// <summary>
/// What a state space of Mamba-2 takes in (Dao and Gu, 2024), from inputs x and steps u of each head:
/// <c>Δ = clamp(softplus(u + b))</c>, values <c>v = Δ x</c>, and the logarithms <c>Δ A</c> of the factors by which its state
/// fades, <c>A = -exp(A_log)</c>. Backward: <c>dΔ = x · dv + A dlogs</c>, <c>du = σ(u + b) dΔ</c> within the limits, <c>dx = Δ
/// dv</c>, <c>db += Σ_n du</c>, <c>dA_log += Σ_n Δ A dlogs</c>.
/// </summary>
/// <remarks>Shapes: x, v <c>[N, H·D]</c>, u, logs <c>[N, H]</c>, b, A_log <c>[1, H]</c>. Saved for backward: x and u.</remarks>
internal readonly unsafe struct SelectiveStepsOp(StepOperands operands) : IOp<SelectiveStepsOp>
{
    public static string Name => "SelectiveSteps";

    public OpPart Part => OpPart.Attention;

    public int Results => 2;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) =>
        (operands.X.Rows, result == 0 ? operands.X.Columns : operands.Heads);

    public void Check() => operands.Check(Name);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        using Tensor rates = Tensor.Create(2, operands.Heads);
        HeadKernel.Rates<T>(operands.LogRates.Data.Floats, rates.Floats, operands.Heads);
        var work = new Work<T>(operands, rates, (results[0], results[1]), team);
        team.Run(operands.X.Rows, ref work, operands.X.Length + 16L * operands.Raw.Length);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        for (int row = 0; row < operands.X.Rows; row++)
        {
            for (int head = 0; head < operands.Heads; head++)
            {
                double step = operands.Exact(row, head).Step;
                results[1].Row(row)[head] = (float)(step * operands.Rate(head));
                for (int i = head * operands.Width; i < (head + 1) * operands.Width; i++)
                    results[0].Row(row)[i] = (float)(step * operands.X.Row(row)[i]);
            }
        }
    }

    public SelectiveStepsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", operands.X).Operand("u", operands.Raw).Weight(operands.LogRates);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        saved.Add(operands.X);
        saved.Add(operands.Raw);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        using Tensor? noValues = dy[0] is null ? ops.Device.Zeros(operands.X.Rows, operands.X.Columns) : null;
        using Tensor? noLogs = dy[1] is null ? ops.Device.Zeros(operands.Raw.Rows, operands.Heads) : null;
        (Tensor dx, Tensor du) = ops.CallTwo(new SelectiveStepsBackwardOp(operands, dy[0] ?? noValues!, dy[1] ?? noLogs!));
        gradients.Add(operands.X, dx);
        gradients.Add(operands.Raw, du);
    }

    private readonly struct Work<T>(StepOperands operands, Tensor rates, (Tensor V, Tensor Logs) results, WorkerTeam team) : IWork
        where T : struct, ILanes<T>
    {
        private readonly StepPlace _place = new(operands, rates);
        private readonly float* _x = operands.X.Floats;
        private readonly float* _v = results.V.Floats;
        private readonly float* _logs = results.Logs.Floats;
        private readonly int _columns = operands.X.Columns;
        private readonly int _heads = operands.Heads;

        public void Do(int piece, int worker)
        {
            HeadKernel.StepRow row = _place.Row(piece);
            row.Steps = team.ScratchOf(worker).Take(_heads);
            row.Logs = _logs + (long)piece * _heads;
            HeadKernel.Steps<T>(row, _heads);
            long at = (long)piece * _columns;
            HeadKernel.Scale<T>(_x + at, row.Steps, _v + at, _heads, _columns / _heads);
        }
    }
}

/// <summary>Returns the gradients of x and u; adds to those of the bias and the rates.</summary>
internal readonly unsafe struct SelectiveStepsBackwardOp(StepOperands operands, Tensor dv, Tensor dlogs) : IOpCall
{
    public static string Name => "SelectiveStepsBackward";

    public OpPart Part => OpPart.Attention;

    public int Results => 2;

    public (int Rows, int Columns) Shape(int result) =>
        (operands.X.Rows, result == 0 ? operands.X.Columns : operands.Heads);

    public void Check()
    {
        operands.Check("SelectiveSteps backward");
        OpShapes.RequireSame(operands.X, dv, "SelectiveSteps backward", "dv");
        OpShapes.RequireSame(operands.Raw, dlogs, "SelectiveSteps backward", "dlogs");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        using Tensor rates = Tensor.Create(1, operands.Heads);
        using Tensor shares = Tensor.Create(operands.Raw.Rows, operands.Heads);
        HeadKernel.Rates<T>(operands.LogRates.Data.Floats, rates.Floats, operands.Heads);
        var work = new Work<T>(operands, (rates, shares), (dv, dlogs), (results[0], results[1], team));
        team.Run(operands.X.Rows, ref work, 2 * operands.X.Length + 32L * operands.Raw.Length);
        RowSums<T>.Run(team, results[1], operands.Bias);
        RowSums<T>.Run(team, shares, operands.LogRates);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        double[] bias = new double[operands.Heads], rates = new double[operands.Heads];
        for (int row = 0; row < operands.X.Rows; row++)
        {
            for (int head = 0; head < operands.Heads; head++)
            {
                (double step, double slope) = operands.Exact(row, head);
                double rate = operands.Rate(head), sum = rate * dlogs.Row(row)[head];
                for (int i = head * operands.Width; i < (head + 1) * operands.Width; i++)
                {
                    sum += (double)operands.X.Row(row)[i] * dv.Row(row)[i];
                    results[0].Row(row)[i] = (float)(step * dv.Row(row)[i]);
                }

                results[1].Row(row)[head] = (float)(slope * sum);
                bias[head] += slope * sum;
                rates[head] += step * rate * dlogs.Row(row)[head];
            }
        }

        RowSums.Add(operands.Bias, bias);
        RowSums.Add(operands.LogRates, rates);
    }

    private readonly struct Work<T>(
        StepOperands operands, (Tensor Rates, Tensor Shares) heads, (Tensor V, Tensor Logs) d,
        (Tensor X, Tensor Raw, WorkerTeam Team) results) : IWork
        where T : struct, ILanes<T>
    {
        private readonly StepPlace _place = new(operands, heads.Rates);
        private readonly float* _shares = heads.Shares.Floats;
        private readonly float* _x = operands.X.Floats;
        private readonly float* _dv = d.V.Floats;
        private readonly float* _dlogs = d.Logs.Floats;
        private readonly float* _dx = results.X.Floats;
        private readonly float* _du = results.Raw.Floats;
        private readonly int _columns = operands.X.Columns;
        private readonly int _heads = operands.Heads;

        public void Do(int piece, int worker)
        {
            Scratch scratch = results.Team.ScratchOf(worker);
            (long at, long head) = ((long)piece * _columns, (long)piece * _heads);
            HeadKernel.StepRow row = _place.Row(piece);
            row.Steps = scratch.Take(_heads);
            row.Logs = scratch.Take(_heads);
            HeadKernel.Steps<T>(row, _heads);
            HeadKernel.Scale<T>(_dv + at, row.Steps, _dx + at, _heads, _columns / _heads);

            // What each head's logarithm gives to A_log, and what the steps get: x · dv + A dlogs.
            HeadKernel.Scale<T>(_dlogs + head, row.Logs, _shares + head, _heads, 1);
            float* dots = scratch.Take(_heads), sums = scratch.Take(_heads);
            HeadKernel.Dot<T>(_x + at, _dv + at, dots, _heads, _columns / _heads);
            HeadKernel.AddScaled<T>(dots, _dlogs + head, row.Rates, sums, _heads, 1);
            HeadKernel.StepsBackward<T>(row, sums, _du + head, _heads);
        }
    }
}

/// <summary>Where the steps of a row lie.</summary>
internal readonly unsafe struct StepPlace(StepOperands operands, Tensor rates)
{
    private readonly float* _raw = operands.Raw.Floats;
    private readonly float* _bias = operands.Bias.Data.Floats;
    private readonly float* _rates = rates.Floats;
    private readonly float _low = operands.Low;
    private readonly float _high = operands.High;
    private readonly int _heads = operands.Heads;

    public HeadKernel.StepRow Row(int row) => new()
    {
        Raw = _raw + (long)row * _heads,
        Bias = _bias,
        Rates = _rates,
        Low = _low,
        High = _high,
    };
}

public static partial class OpsExtensions
{
    /// <summary>
    /// What a state space of Mamba-2 takes in: from x <c>[N, H·D]</c> and steps before their activation <c>[N, H]</c> the values
    /// <c>Δ x</c> <c>[N, H·D]</c> and the logarithms <c>Δ A</c> <c>[N, H]</c> of its factors, with
    /// <c>Δ = clamp(softplus(steps + bias))</c> and <c>A = -exp(logRates)</c>.
    /// </summary>
    /// <param name="ops">The ops.</param>
    /// <param name="x">The inputs.</param>
    /// <param name="steps">One number of each head.</param>
    /// <param name="bias"><c>[1, H]</c>.</param>
    /// <param name="logRates">A_log, <c>[1, H]</c>.</param>
    /// <param name="low">The smallest Δ, 0 or more.</param>
    /// <param name="high">The largest Δ; may be infinite.</param>
    public static (Tensor Values, Tensor Logs) SelectiveSteps(
        this IOps ops, Tensor x, Tensor steps, Parameter bias, Parameter logRates, float low, float high)
    {
        var results = new Pair();
        ops.Run(new SelectiveStepsOp(new StepOperands(x, steps, bias, logRates, low, high)), results);
        return (results[0], results[1]);
    }
}
