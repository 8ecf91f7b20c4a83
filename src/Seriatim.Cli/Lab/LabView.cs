using System.Globalization;
using Seriatim.Lab;

namespace Seriatim.Cli;

/// <summary>The lab in a terminal.</summary>
internal static class LabView
{
    /// <summary>The experiments and their claims.</summary>
    public static void List(IReadOnlyList<Experiment> experiments)
    {
        int name = experiments.Max(e => e.Name.Length);
        foreach (Experiment experiment in experiments)
        {
            IEnumerable<string> lines = WordFold.Lines(experiment.Claim.English, Math.Max(20, Terminal.HelpWidth - name - 2));
            Console.Out.WriteLine($"{experiment.Name.PadRight(name)}  {string.Join("\n" + new string(' ', name + 2), lines)}");
        }
    }

    /// <summary>One result.</summary>
    public static void Print(Experiment experiment, LabResult result)
    {
        Console.Out.WriteLine($"{experiment.Name}: {experiment.Title.English}");
        foreach (Figure figure in result.Figures)
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {figure.Words.English}: {figure.Value:G4} {figure.Unit}"));
        Console.Out.WriteLine($"  {result.Verdict}{(result.Skipped is { } why ? ": " + why.English : "")}");
    }
}
