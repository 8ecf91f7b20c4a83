using System.CommandLine;
using Seriatim.Tokenizers;
using Spectre.Console;

namespace Seriatim.Cli;

/// <summary><c>seriatim tokenize train</c>: makes a vocabulary from text files.</summary>
internal static class TokenizeTrainCommand
{
    public static Command Build()
    {
        var files = new Argument<string[]>("files") { Description = "Text files, UTF-8.", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string>("--output", "-o")
        {
            Description = "Folder for tokenizer.json and tokenizer_config.json.",
            Required = true,
            HelpName = "folder",
        };
        var kind = new Option<TrainerModel>("--type")
        {
            Description = "Kind of vocabulary.",
            DefaultValueFactory = _ => TrainerModel.ByteLevelBpe,
        };
        var size = new Option<int>("--vocab-size") { Description = "Tokens wanted.", DefaultValueFactory = _ => 16_000 };
        var frequency = new Option<int>("--min-frequency")
        {
            Description = "A pair has to occur at least this often.",
            DefaultValueFactory = _ => 2,
        };
        var coverage = new Option<double>("--character-coverage")
        {
            Description = "Share of characters that get a piece of their own (not for byte-level).",
            DefaultValueFactory = _ => 0.9995,
        };
        var lowercase = new Option<bool>("--lowercase") { Description = "Lower-case the text." };
        var command = new Command("train", "Train a vocabulary; the same text and options give the same bytes.")
        {
            files, output, kind, size, frequency, coverage, lowercase
        };
        command.SetAction((result, cancellation) => Task.Run(() => Run(
            result.GetRequiredValue(files), result.GetRequiredValue(output),
            new TrainerOptions
            {
                Model = result.GetValue(kind),
                VocabularySize = result.GetValue(size),
                MinFrequency = result.GetValue(frequency),
                CharacterCoverage = result.GetValue(coverage),
                Lowercase = result.GetValue(lowercase),
            },
            cancellation), cancellation));
        return command;
    }

    private static int Run(string[] files, string folder, TrainerOptions options, CancellationToken cancellation)
    {
        foreach (string file in files)
        {
            if (!File.Exists(file))
                throw new UserErrorException($"{file}: there is no such file.");
        }

        TrainedTokenizer trained = null!;
        try
        {
            if (System.Console.IsErrorRedirected)
            {
                trained = TokenizerTrainer.Train(Lines(files), options, cancellation);
            }
            else
            {
                Terminal.Progress.Progress().AutoClear(true).Start(context =>
                {
                    ProgressTask task = context.AddTask("reading");
                    var progress = new Progress(task);
                    trained = TokenizerTrainer.Train(Lines(files), options with { Progress = progress }, cancellation);
                });
            }
        }
        catch (ArgumentException failure)
        {
            throw new UserErrorException(failure.Message);
        }

        trained.Save(folder);
        Terminal.Note($"{trained.Tokenizer.VocabularySize:N0} tokens in {folder}");
        return ExitCodes.Success;
    }

    private static IEnumerable<string> Lines(string[] files) => files.SelectMany(File.ReadLines);

    private sealed class Progress(ProgressTask task) : IProgress<VocabularyProgress>
    {
        public void Report(VocabularyProgress value)
        {
            task.Description = value.Stage;
            task.IsIndeterminate = value.Total == 0;
            task.MaxValue = Math.Max(1, value.Total);
            task.Value = value.Done;
        }
    }
}
