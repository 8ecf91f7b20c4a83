using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Seriatim.Tokenizers;
using Spectre.Console;

namespace Seriatim.Cli;

/// <summary><c>seriatim tokenize</c>: encode, decode, count, show pieces in colour, train a vocabulary.</summary>
internal static class TokenizeCommand
{
    private static readonly string[] Colours =
        ["black on lightskyblue1", "black on palegreen1", "black on khaki1", "black on mistyrose1", "black on plum2"];

    public static Command Build() => new("tokenize", "Turn text into tokens and back; train a vocabulary.")
    {
        Encode(),
        Decode(),
        Count(),
        Show(),
        TokenizeTrainCommand.Build(),
    };

    private static Command Encode()
    {
        (Option<string> model, Argument<string?> text, Option<bool> plain) = TextOptions();
        Option<bool> json = SharedOptions.Json("one JSON object with ids, pieces and offsets");
        var command = new Command("encode", "Print the token ids of a text.") { model, text, plain, json };
        command.SetAction(async (result, cancellation) =>
        {
            Tokenizer tokenizer = await LoadAsync(result.GetRequiredValue(model), cancellation);
            string input = Text(result.GetValue(text));
            if (result.GetValue(json))
                WriteJson(tokenizer, input, !result.GetValue(plain));
            else
                Console.Out.WriteLine(string.Join(' ', tokenizer.Encode(input, addSpecialTokens: !result.GetValue(plain))));
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command Decode()
    {
        Option<string> model = Model();
        var ids = new Argument<string[]>("ids")
        {
            Description = "Token ids, separated by blanks or commas; none: standard input.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var special = new Option<bool>("--special") { Description = "Print special tokens too." };
        var command = new Command("decode", "Print the text of token ids.") { model, ids, special };
        command.SetAction(async (result, cancellation) =>
        {
            Tokenizer tokenizer = await LoadAsync(result.GetRequiredValue(model), cancellation);
            string[] words = result.GetValue(ids) is { Length: > 0 } given ? given : [FromInput("token ids")];
            int[] numbers = [
                .. words.SelectMany(w => w.Split([' ', ',', '\n', '\r', '\t', '[', ']'], StringSplitOptions.RemoveEmptyEntries))
                    .Select(Id)];
            foreach (int id in numbers)
            {
                if ((uint)id >= (uint)tokenizer.VocabularySize)
                {
                    throw new UserErrorException($"Token id {id} does not exist; the vocabulary has {tokenizer.VocabularySize}: "
                        + $"0 to {tokenizer.VocabularySize - 1}.");
                }
            }

            Console.Out.WriteLine(tokenizer.Decode(numbers, skipSpecialTokens: !result.GetValue(special)));
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command Count()
    {
        (Option<string> model, Argument<string?> text, Option<bool> plain) = TextOptions();
        var command = new Command("count", "Print how many tokens a text has.") { model, text, plain };
        command.SetAction(async (result, cancellation) =>
        {
            Console.Out.WriteLine((await LoadAsync(result.GetRequiredValue(model), cancellation)).CountTokens(
                Text(result.GetValue(text)), !result.GetValue(plain)));
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command Show()
    {
        (Option<string> model, Argument<string?> text, Option<bool> plain) = TextOptions();
        var command = new Command("show", "Show the pieces of a text, each with its own colour, and their ids.")
        {
            model, text, plain
        };
        command.SetAction(async (result, cancellation) =>
        {
            Tokenizer tokenizer = await LoadAsync(result.GetRequiredValue(model), cancellation);
            IReadOnlyList<EncodedToken> tokens = tokenizer.EncodeWithOffsets(
                Text(result.GetValue(text)), new EncodeOptions { AddSpecialTokens = !result.GetValue(plain) });
            for (int i = 0; i < tokens.Count; i++)
            {
                Terminal.Output.Markup(
                    $"[{Colours[i % Colours.Length]}]{Visible(tokenizer.PieceOf(tokens[i].Id)).EscapeMarkup()}[/]");
                Terminal.Output.Markup($"[grey]{tokens[i].Id}[/] ");
            }

            Terminal.Output.WriteLine();
            return ExitCodes.Success;
        });
        return command;
    }

    private static void WriteJson(Tokenizer tokenizer, string text, bool special)
    {
        IReadOnlyList<EncodedToken> tokens = tokenizer.EncodeWithOffsets(text, new EncodeOptions { AddSpecialTokens = special });
        var report = new EncodingReport(
            [.. tokens.Select(t => t.Id)], [.. tokens.Select(t => tokenizer.PieceOf(t.Id))],
            [.. tokens.Select(t => new[] { t.Start, t.End })]);
        Console.Out.WriteLine(JsonSerializer.Serialize(report, CliJson.Lines.EncodingReport));
    }

    private static (Option<string> Model, Argument<string?> Text, Option<bool> Plain) TextOptions() => (
        Model(),
        new Argument<string?>("text") { Description = "The text; none: standard input.", Arity = ArgumentArity.ZeroOrOne },
        new Option<bool>("--no-special") { Description = "Do not add the special tokens that models expect around a text." });

    private static Option<string> Model()
    {
        Option<string> option = SharedOptions.Model();
        option.Description = "A model folder, a built-in name, a hub id, or a tokenizer file (tokenizer.json, .model, .tiktoken, "
            + "vocab.txt, .gguf).";
        return option;
    }

    /// <summary>Files are tokenizers by themselves; other names are those of models, as everywhere.</summary>
    private static async Task<Tokenizer> LoadAsync(string name, CancellationToken cancellation)
    {
        string path = File.Exists(name) || Directory.Exists(name) && !new ModelHub().BuiltIn.Contains(name)
            ? name
            : await ModelFolder.ResolveAsync(name, cancellation);
        if (!Models.Model.IsGguf(path))
            return Tokenizer.Load(path);
        using Formats.GgufFile file = Formats.GgufFile.Open(path);
        return Tokenizer.FromGguf(file.Metadata);
    }

    private static int Id(string word) => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
        ? id
        : throw new UsageException($"'{word}' is not a token id; ids are whole numbers from 0 on.");

    private static string Text(string? argument) => argument ?? FromInput("a text");

    private static string FromInput(string what) => Console.IsInputRedirected
        ? StandardInput.ReadToEnd()
        : throw new UsageException($"Give {what} as an argument or through a pipe.");

    /// <summary>Blanks and line ends as visible signs.</summary>
    private static string Visible(string piece) =>
        piece.Replace("\n", "\\n").Replace("\r", "\\r").Replace("\t", "\\t").Replace(' ', '·');
}

/// <summary>What <c>tokenize encode --json</c> prints.</summary>
/// <param name="Ids">Token ids.</param>
/// <param name="Pieces">The piece of each token.</param>
/// <param name="Offsets">Start and end of each token in the text, in UTF-16 characters.</param>
internal sealed record EncodingReport(int[] Ids, string[] Pieces, int[][] Offsets);
