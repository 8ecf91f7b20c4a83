using System.CommandLine;
using Seriatim.Models;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>How pairs are read, translated and scored.</summary>
internal sealed class PairFlags
{
    private enum References
    {
        Single,
        Grouped,
    }

    private readonly TranslationFlags _translation = new();
    private readonly Option<string?> _source = Flag.Maybe<string>(
        "Encoder-decoders: column (from 0; default 0) or JSONL field (default source) of the texts.", "column", "--source");
    private readonly Option<string?> _target = Flag.Maybe<string>(
        "Encoder-decoders: column (default 1) or JSONL field (default target) of the references.", "column", "--target");
    private readonly Option<References> _references = Flag.Of(
        "Encoder-decoders: grouped takes the targets of lines with the same source as references of one segment.",
        "single|grouped", References.Single, "--references");
    private readonly Option<string?> _tokenizer = Flag.Maybe<string>(
        "BLEU's tokens: 13a, zh or char. Default: zh into Chinese, char into Japanese, 13a else.", "13a|zh|char", "--tokenize");
    private readonly Option<string?> _output =
        Flag.Maybe<string>("Write the translations to this file, one a segment.", "file", "--output", "-o");

    private IEnumerable<Option> All => [.. _translation.All, _source, _target, _references, _tokenizer, _output];

    public void AddTo(Command command)
    {
        foreach (Option option in All)
            command.Add(option);
    }

    /// <summary>Refuses what means nothing to the model at hand.</summary>
    public void RefuseUnless(ParseResult result, bool translates, ModelTask task) =>
        result.Require(translates, $"an encoder-decoder (this is a model for {task})", [.. All]);

    public PairSettings Read(ParseResult result, Translator translator) => new(
        _translation.WithMap(result, _translation.Read(result), translator), result.GetValue(_source), result.GetValue(_target),
        result.GetValue(_references) == References.Grouped,
        result.GetValue(_tokenizer) switch
        {
            null => null,
            "13a" => BleuTokenizer.Mteval13A,
            "zh" => BleuTokenizer.Chinese,
            "char" => BleuTokenizer.Character,
            { } other => throw new UsageException($"--tokenize is {other}; 13a, zh and char are known."),
        },
        result.GetValue(_output));
}

/// <summary>How pairs are read, translated and scored.</summary>
/// <param name="Translation">Languages, beams, lengths.</param>
/// <param name="Source">Column or field of the texts; null: the default of the format.</param>
/// <param name="Target">Column or field of the references; null: the default of the format.</param>
/// <param name="Grouped">Whether lines with the same source are one segment.</param>
/// <param name="Tokenizer">Of BLEU; null: by the language.</param>
/// <param name="Output">Where the translations go; null: nowhere.</param>
internal sealed record PairSettings(
    TranslationOptions Translation, string? Source, string? Target, bool Grouped, BleuTokenizer? Tokenizer, string? Output);
