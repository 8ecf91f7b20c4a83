using System.CommandLine;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>
/// <c>seriatim distill</c>: a teacher's translations of a corpus, as pairs to train another model on (Kim and Rush, 2016:
/// distillation
/// by sequences).
/// </summary>
internal static class DistillCommand
{
    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        var data = new Option<string>("--data", "-d")
        {
            Description = "The corpus: tab-separated, JSONL, or (.txt) a text a line; .gz is decompressed.",
            Required = true,
            HelpName = "file",
        };
        Option<string?> source = Flag.Maybe<string>(
            "Column (from 0; default 0) or JSONL field (default source) of the texts.", "column", "--source");
        var output = new Option<string>("--output", "-o")
        {
            Description = "The pairs, in the order of the corpus: source, tab, translation; or JSONL, by its ending.",
            Required = true,
            HelpName = "file",
        };
        Option<bool> resume =
            Flag.Switch("Go on where the file of -o ends; without it a file that is there is refused.", "--resume");
        Option<int> threads = SharedOptions.Threads();
        var flags = new TranslationFlags();
        var command = new Command("distill", "Translate a corpus with a teacher into pairs to train on. Ctrl-C loses nothing.")
        {
            model, data, source, output, resume, threads
        };
        flags.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            TranslationOptions options = flags.Read(result);
            var corpus = new DistillCorpus(result.GetRequiredValue(data), result.GetValue(source));
            using var pairs = DistillOutput.Open(result.GetRequiredValue(output), corpus, result.GetValue(resume));
            string folder = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            using Translator translator = await Translator.OpenAsync(folder, SharedOptions.Read(result, threads), cancellation);
            options = flags.WithMap(result, options, translator);
            return await new DistillRun(translator, options, corpus, pairs).RunAsync(cancellation);
        });
        return command;
    }
}
