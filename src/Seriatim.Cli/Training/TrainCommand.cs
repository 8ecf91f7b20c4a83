using System.CommandLine;
using System.Runtime.InteropServices;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary><c>seriatim train</c>: trains by a recipe, shows how far it is, saves and stops on Ctrl-C.</summary>
internal static class TrainCommand
{
    private const string RecipeFileName = "recipe.json";

    public static Command Build()
    {
        var recipe = new Argument<string>("recipe")
        {
            Description = $"A recipe (JSON), or a folder with a {RecipeFileName} in it. docs/guide/training.md lists its keys.",
        };
        Option<bool> resume =
            Flag.Switch("Go on from the newest checkpoint in the recipe's output_dir, if there is one.", "--resume");
        Option<int> threads = SharedOptions.Threads();
        Option<bool> force =
            Flag.Switch("Start even if the run is estimated to need more memory than there is.", "--ignore-memory");
        Option<bool> json = SharedOptions.Json("one JSON object an event (start, log, end)");
        var command = new Command("train", "Train a model by a recipe. Ctrl-C saves a checkpoint and stops.")
        {
            recipe, resume, threads, force, json
        };
        recipe.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: ['-', _, ..] flag }])
                result.AddError($"There is no option {flag}.");
        });
        command.SetAction((result, cancellation) =>
        {
            int asked = SharedOptions.Read(result, threads).Threads;
            return TrainingRanks.RunAsync(group =>
            {
                var options = new TrainingOptions
                {
                    Group = group,
                    Threads = TrainingRanks.Threads(group, asked),
                    Resume = result.GetValue(resume),
                    Generate = TrainingGenerator.Generate,
                };
                return RunAsync(result.GetRequiredValue(recipe), options, result.GetValue(force), result.GetValue(json),
                    cancellation);
            });
        });
        return command;
    }

    private static async Task<int> RunAsync(string name, TrainingOptions options, bool ignoreMemory, bool json,
        CancellationToken cancellation)
    {
        ProcessGroup group = options.Group;
        var memory = new MemoryCheck(ignoreMemory);
        TrainingRecipe recipe = TrainingRanks.Load(group, () =>
        {
            TrainingRecipe found = TrainingRecipe.Load(Find(name));
            CheckOutput(found, options.Resume, isQuiet: !group.IsFirst);
            memory.CheckWeights(found);
            return found;
        });

        // Whoever ends programs politely, such as a container's host or a terminal that is closed, is heard as Ctrl-C is.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        using PosixSignalRegistration? user = TrainingRanks.OnUserSignal(group, Stop);
        var view = new TrainingView(recipe, json, isQuiet: !group.IsFirst);
        Task<Trainer> preparing = Task.Run(() =>
            new Trainer(recipe, options with { Progress = view, StepProgress = view }, stop.Token), CancellationToken.None);
        if (group.IsFirst)
            await LiveProgress.ShowAsync(preparing, () => "preparing vocabulary and data");
        using Trainer trainer = await preparing;
        if (group.Size > 1 && group.IsFirst)
            Terminal.Note($"{group.Size} processes, {options.Threads} threads each");
        foreach (string notice in group.IsFirst ? trainer.Notices : [])
            Terminal.Note(notice);
        memory.Check(trainer.Memory, isQuiet: !group.IsFirst);
        view.Begin(trainer);
        TrainerResult result = await TrainAsync(trainer, view, stop.Token);
        if (!group.IsFirst)
            return result.Cancelled ? ExitCodes.Interrupted : ExitCodes.Success;
        string model = Path.Combine(recipe.OutputFolder, "final");
        view.End(result, result.Cancelled ? null : Shown(model));
        if (!result.Cancelled)
            return ExitCodes.Success;
        Terminal.Note($"Stopped after step {result.Steps} of {trainer.TotalSteps}; saved {Shown(result.Checkpoint)}. Go on with: "
            + $"seriatim train {name} --resume");
        return ExitCodes.Interrupted;

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    private static async Task<TrainerResult> TrainAsync(Trainer trainer, TrainingView view, CancellationToken cancellation)
    {
        CommandLine.EndsSlowly = true;
        try
        {
            Task<TrainerResult> work = Task.Run(() => trainer.Run(cancellation), CancellationToken.None);
            await view.ShowAsync(work, cancellation);
            return await work;
        }
        finally
        {
            CommandLine.EndsSlowly = false;
        }
    }

    private static string Find(string name)
    {
        if (File.Exists(name))
            return name;
        string inside = Path.Combine(name, RecipeFileName);
        if (File.Exists(inside))
            return inside;
        throw new UserErrorException(Directory.Exists(name)
            ? $"{name} is a folder without a {RecipeFileName}. Give a recipe, e.g. recipes/tinyshakespeare/recipe.json."
            : $"{name}: there is no such file. Give a recipe, e.g. recipes/tinyshakespeare/recipe.json.");
    }

    private static void CheckOutput(TrainingRecipe recipe, bool resume, bool isQuiet)
    {
        string? newest = new CheckpointStore(recipe.OutputFolder).Latest();
        if (newest is not null && !resume)
        {
            throw new UserErrorException(
                $"{Shown(recipe.OutputFolder)} has checkpoints already, the newest is {Path.GetFileName(newest)}. Go on from it "
                    + "with --resume, choose another output_dir in the recipe, or remove the folder.");
        }

        if (resume && !isQuiet)
        {
            Terminal.Note(newest is null
                ? $"{Shown(recipe.OutputFolder)} has no checkpoint yet: training starts from the beginning."
                : $"Going on from {Shown(newest)}.");
        }
    }

    /// <summary>A path as short as it can be: relative if it lies below the current folder.</summary>
    internal static string Shown(string path) =>
        Path.GetRelativePath(Environment.CurrentDirectory, path) is var relative
            && !relative.StartsWith("..", StringComparison.Ordinal) ? relative : path;
}
