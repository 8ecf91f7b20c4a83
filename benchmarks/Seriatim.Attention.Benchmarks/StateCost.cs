using Seriatim.Benchmarks;
using Seriatim.Lab;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Attention.Benchmarks;

/// <summary>
/// What it costs to keep a state after every row of a step that may be taken back in part (drafts), against keeping none but the
/// last and reading the accepted tokens again, by turns.
/// </summary>
internal static class StateCost
{
    private const int Steps = 40;

    public static void Run(IDifferentiableOps ops, int rounds)
    {
        Console.WriteLine(
            "us a step of so many rows; 'kept' with a state after every row, 'again' the time of reading half "
                + "of them once more");
        Console.WriteLine($"{"",-14}{"state",12}{"rows",6}{"end only",12}{"kept",12}{"kept costs",12}{"again costs",13}");
        foreach (Family family in
            Family.All.Where(f => f is { IsCausal: true, ReadsWhole: false } && f.Name is not "full" and not "window"))
        {
            using Model model = family.Make(1 << 20);
            foreach (int rows in (int[])[4, 8])
            {
                using MemoryPools pools = model.NewMemoryPools(16, 8, 4 * rows);
                using SequenceMemory memory = model.NewMemory(pools);
                List<double> end = [], kept = [], half = [];
                for (int round = -2; round < rounds; round++)
                {
                    double a = Seconds(ops, model, memory, rows, CommitPoints.End);
                    double b = Seconds(ops, model, memory, rows, CommitPoints.EveryRow);
                    double c = Seconds(ops, model, memory, rows + rows / 2, CommitPoints.End);
                    if (round < 0)
                        continue;
                    end.Add(a);
                    kept.Add(b);
                    half.Add(c);
                }

                (double without, double with, double more) = (Timing.Median(end), Timing.Median(kept), Timing.Median(half));
                Console.WriteLine(
                    $"{family.Name,-14}{model.BytesPerState / 1024.0,8:N0} KiB{rows,6}{without * 1e6,12:F1}{with * 1e6,12:F1}"
                        + $"{with / without - 1,12:P1}{more / without - 1,13:P1}");
            }
        }
    }

    private static double Seconds(IDifferentiableOps ops, Model model, SequenceMemory memory, int rows, CommitPoints points)
    {
        int[] tokens = [.. Enumerable.Range(0, rows).Select(i => 3 + i)];
        return Timing.Seconds(() =>
        {
            for (int step = 0; step < Steps; step++)
            {
                RaggedBatch batch = new RaggedBatchBuilder().Add(tokens, memory, outputs: Outputs.All, points: points).Build();
                using Tensor hidden = model.Forward(ops, batch);
                Timing.Keep(hidden.Read().Row(0)[0]);
                batch.Commit();
            }
        }) / Steps;
    }
}
