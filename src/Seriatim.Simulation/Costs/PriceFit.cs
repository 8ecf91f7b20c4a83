namespace Seriatim.Simulation;

/// <summary>
/// Finds the four numbers of a <see cref="StepPrice"/> from steps that were measured: least squares of relative errors, no number
/// below zero, without the steps in which the machine did something else.
/// </summary>
internal static class PriceFit
{
    private const int Numbers = 4, Rounds = 6;

    /// <summary>The price, and the median of how far steps are from it.</summary>
    /// <param name="steps">What each computed, and its seconds.</param>
    /// <exception cref="SimulationException">There are too few steps.</exception>
    public static (StepPrice Price, double Error) Of(IReadOnlyList<(StepWork Work, double Seconds)> steps)
    {
        if (steps.Count < 4 * Numbers)
            throw new SimulationException($"{steps.Count} steps were measured; {4 * Numbers} or more are needed for a price.");
        var used = new List<(StepWork Work, double Seconds)>(steps);
        StepPrice price = Solve(used);
        for (int round = 1; round < Rounds; round++)
        {
            double most = 4 * Math.Max(1e-6, Median(used, price));
            List<(StepWork Work, double Seconds)> near = [.. steps.Where(step => ErrorOf(step, price) <= most)];
            if (near.Count < steps.Count / 2)
                break;
            price = Solve(used = near);
        }

        return (price, Median(used, price));
    }

    private static double Median(IReadOnlyList<(StepWork Work, double Seconds)> steps, StepPrice price)
    {
        double[] errors = [.. steps.Select(step => ErrorOf(step, price)).Order()];
        return errors[errors.Length / 2];
    }

    private static double ErrorOf((StepWork Work, double Seconds) step, StepPrice price) =>
        Math.Abs(price.Seconds(step.Work) / step.Seconds - 1);

    /// <summary>Coordinate descent: each number in turn is the best there is at the others, or zero.</summary>
    private static StepPrice Solve(List<(StepWork Work, double Seconds)> steps)
    {
        double[,] products = new double[Numbers, Numbers];
        double[] targets = new double[Numbers];
        double[] row = new double[Numbers];
        foreach ((StepWork work, double seconds) in steps)
        {
            (row[0], row[1]) = (1 / seconds, work.Rows / seconds);
            (row[2], row[3]) = (work.Outputs / seconds, work.Positions / seconds);
            for (int i = 0; i < Numbers; i++)
            {
                targets[i] += row[i];
                for (int j = 0; j < Numbers; j++)
                    products[i, j] += row[i] * row[j];
            }
        }

        double[] numbers = new double[Numbers];
        for (int pass = 0; pass < 20_000; pass++)
        {
            double change = 0;
            for (int i = 0; i < Numbers; i++)
            {
                double rest = targets[i];
                for (int j = 0; j < Numbers; j++)
                    rest -= j == i ? 0 : products[i, j] * numbers[j];
                double best = products[i, i] > 0 ? Math.Max(0, rest / products[i, i]) : 0;
                change = Math.Max(change, Math.Abs(best - numbers[i]) / Math.Max(1e-12, best));
                numbers[i] = best;
            }

            if (change < 1e-10)
                break;
        }

        return new StepPrice(numbers[0], numbers[1], numbers[2], numbers[3]);
    }
}
