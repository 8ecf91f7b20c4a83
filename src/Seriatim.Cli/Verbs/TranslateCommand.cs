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
        var texts = new Argument<string[]>("text") { Description = "Texts to translate; none: lines of standard input.", Arity = ArgumentArity.ZeroOrMore };
        Option<string?> file = Flag.Maybe<string>("A file with one text a line.", "file", "--file", "-f");
        Option<string?> output = Flag.Maybe<string>("Write to this file instead of standard output.", "file", "--output", "-o");
        var command = new Command("translate", "Translate texts, line by line.") { model.Option, threads, json, texts, file, output };
        flags.AddTo(command);
        texts.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => token.Value is ['-', _, ..]) is { } flag)
                result.AddError($"There is no option {flag.Value}. (A text that begins with a hyphen is given through a pipe or with -f.)");
        });
        command.SetAction(async (result, cancellation) =>
        {
            TranslationOptions options = flags.Read(result);
            TextLines lines = TextLines.Of(result.GetValue(texts) ?? [], result.GetValue(file));
            using var writer = LineOutput.Open(result.GetValue(output), result.GetValue(file));
            string folder = await model.ResolveAsync(result, cancellation);
            using Translator translator = await Translator.OpenAsync(folder, SharedOptions.Read(result, threads), cancellation);
            return await new TranslationRun(translator, options, lines, writer, result.GetValue(json)).RunAsync(cancellation);
        });
        return command;
    }
}
