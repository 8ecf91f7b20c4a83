namespace Seriatim.Training.Tests;

/// <summary>A run that diverges still writes its checkpoint, and goes on from it.</summary>
public sealed class DivergedRunTests
{
    [Fact]
    public void NumbersThatAreNotFiniteAreKept()
    {
        using var folder = new TempFolder();
        var state = new TrainerState
        {
            GlobalStep = 5,
            Position = new DataPosition(0, 3),
            Seed = 1,
            Settings = new Dictionary<string, string> { ["seed"] = "1" },
            RunningLoss = double.NaN,
            Best = new BestModel(double.PositiveInfinity, 4, 1),
            LogHistory = [new LogEntry(5, new Dictionary<string, double>
            {
                ["loss"] = 712.5, ["perplexity"] = Math.Exp(712.5), ["grad_norm"] = double.NaN, ["worst"] = double.NegativeInfinity,
            })],
        };
        File.WriteAllBytes(folder[TrainerState.FileName], state.ToJson());
        TrainerState read = TrainerState.Read(Path.GetDirectoryName(folder[TrainerState.FileName])!);
        Assert.Equal(state.LogHistory[0].Values, read.LogHistory[0].Values);
        Assert.Equal(double.NaN, read.RunningLoss);
        Assert.Equal(double.PositiveInfinity, read.Best!.Value);
    }
}
