using System.CommandLine;
using Seriatim.Tokenizers;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>
/// <c>seriatim vmap</c>: learns from pairs which target tokens may come of which source tokens, for <c>translate --vmap</c>.
/// </summary>
internal static class VmapCommand
{
    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        var data = new Option<string>("--data", "-d")
        {
            Description = "Pairs of texts: tab-separated or JSONL; .gz is decompressed.",
            Required = true,
            HelpName = "file",
        };
        var output = new Option<string>("--output", "-o")
        {
            Description = "The map: a line for each source token, as CTranslate2's vmap.txt.",
            Required = true,
            HelpName = "file",
        };
        Option<string?> source = Flag.Maybe<string>(
            "Column (from 0; default 0) or JSONL field (default source) of the sources.", "column", "--source");
        Option<string?> target = Flag.Maybe<string>(
            "Column (default 1) or JSONL field (default target) of their translations.", "column", "--target");
        Option<string?> to = Flag.Maybe<string>(
            "Language of the translations, as the model names it; needed by models of several directions.", "language", "--to");
        Option<int> perToken = Flag.Of("Most candidates of a source token.", "n", 50, "--per-token");
        Option<int> always = Flag.Of(
            "So many of the most frequent target tokens are candidates of every text.", "n", 200, "--always");
        Option<int> iterations = Flag.Of("Passes over the pairs.", "n", 5, "--iterations");
        var command = new Command("vmap", "Learn a vocabulary map from pairs of texts (IBM model 1), for faster translation.")
        {
            model, data, output, source, target, to, perToken, always, iterations
        };
        command.SetAction(async (result, cancellation) =>
        {
            int most = AtLeast(result, perToken, 1);
            int everywhere = AtLeast(result, always, 0);
            int passes = AtLeast(result, iterations, 1);
            string file = result.GetRequiredValue(data);
            if (!File.Exists(file))
                throw new UserErrorException($"{file}: there is no such file.");
            string folder = await ModelFolder.ResolveAsync(result.GetRequiredValue(model), cancellation);
            using Translator translator = await Translator.OpenAsync(folder, null, cancellation);
            var options = new TranslationOptions { To = result.GetValue(to) };
            HashSet<int> added = [.. translator.Tokenizer.AddedTokens.Select(token => token.Id)];
            var lexical = new LexicalModel();
            foreach (TextRecord pair in Read(file, result.GetValue(source), result.GetValue(target)))
            {
                cancellation.ThrowIfCancellationRequested();
                if (string.IsNullOrWhiteSpace(pair.Source))
                    continue;

                // Added tokens (the words of a direction, the end) stand in every source and say nothing.
                int[] ids = translator.SourceIds(pair.Source, options);
                lexical.Add(Array.FindAll(ids, id => !added.Contains(id)), translator.Tokenizer.Encode(pair.Target!));
            }

            if (lexical.Pairs == 0)
                throw new UserErrorException($"{file}: there are no pairs in it.");
            string name = result.GetRequiredValue(output);
            Terminal.Note($"{lexical.Pairs:N0} pairs; learning");
            lexical.Learn(passes, cancellation);
            var map = new VocabularyMap(translator.Tokenizer);
            lexical.Fill(map, most, everywhere);
            using (var writer = new StreamWriter(name) { NewLine = "\n" })
                map.Write(writer);
            Terminal.Note($"{map.Count:N0} source tokens in {name}; use it with translate --vmap {name}");
            return ExitCodes.Success;
        });
        return command;
    }

    private static IEnumerable<TextRecord> Read(string file, string? source, string? target)
    {
        bool jsonl = Path.GetFileName(file).Contains(".jsonl", StringComparison.OrdinalIgnoreCase);
        var data = new DataFile(file, jsonl ? DataFormat.Jsonl : DataFormat.Tsv)
        {
            SourceField = source ?? (jsonl ? "source" : "0"),
            TargetField = target ?? (jsonl ? "target" : "1"),
        };
        return DataReader.Read(data, new BadLines(0));
    }

    private static int AtLeast(ParseResult result, Option<int> option, int least) =>
        result.GetValue(option) is var value && value >= least ? value
            : throw new UsageException($"{option.Name} is {value}; it must be at least {least}.");
}
