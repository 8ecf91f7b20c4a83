using System.CommandLine;

namespace Seriatim.Cli;

/// <summary><c>seriatim translate</c>: texts, files or pipes from one language to another, a line for a line.</summary>
internal static class TranslateCommand
{
    public static Command Build()
    {
        var model = new DefaultModel("zh-en");
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json("one JSON object a line");
        var flags = new TranslationFlags();
        var source = new TextSource("Texts to translate");
        Option<string?> output = Flag.Maybe<string>("Write to this file instead of standard output.", "file", "--output", "-o");
        var command = new Command("translate", "Translate texts, line by line.") { model.Option, threads, json, output };
        source.AddTo(command);
        flags.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            TranslationOptions options = flags.Read(result);
            TextLines lines = source.Open(result);
            using var writer = LineOutput.Open(result.GetValue(output), source.File(result));
            string folder = await model.ResolveAsync(result, cancellation);
            using Translator translator = await Translator.OpenAsync(folder, SharedOptions.Read(result, threads), cancellation);
            options = flags.WithMap(result, options, translator);
            return await new TranslationRun(translator, options, lines, writer, result.GetValue(json)).RunAsync(cancellation);
        });
        return command;
    }
}
