using System.Diagnostics;
using System.Text;
using Seriatim.Generation;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>Translates pairs' sources and compares with their targets: BLEU and chrF by the definitions of sacreBLEU.</summary>
internal sealed class TranslationEvaluation(Translator translator, PairSettings settings, string file) : IEvaluation
{
    private static readonly string Version = $"seriatim-{typeof(Translator).Assembly.GetName().Version!.ToString(3)}";

    private const string Unsaid = "as the model says";

    private int _done, _all;

    public string Progress => $"{_done} of {_all} texts translated";

    public async Task<EvaluationReport> RunAsync(CancellationToken cancellation)
    {
        using LineOutput? output = settings.Output is null ? null : LineOutput.Open(settings.Output, file);
        (string Source, List<string> References)[] segments = Read();
        var clock = Stopwatch.StartNew();
        Dictionary<string, Translation> translations = await TranslateAsync(segments.Select(s => s.Source), cancellation);
        double seconds = clock.Elapsed.TotalSeconds;
        string[] hypotheses = [.. segments.Select(s => translations[s.Source].Text.ReplaceLineEndings(" "))];
        foreach (string hypothesis in output is null ? [] : hypotheses)
            await output!.WriteAsync(hypothesis);
        TranslationDirection? direction = DirectionOf(translations.Values);
        BleuTokenizer tokenizer = settings.Tokenizer ?? TokenizerOf(direction?.To ?? settings.Translation.To);
        IReadOnlyList<IReadOnlyList<string>> references = [.. segments.Select(s => s.References)];
        BleuScore bleu = Bleu.Corpus(hypotheses, references, tokenizer);
        double chrf = Chrf.Corpus(hypotheses, references);
        string count = references.All(r => r.Count == references[0].Count) ? $"{references[0].Count}" : "var";
        return new EvaluationReport("translation",
        [
            ("direction", direction?.ToString() ?? "as the model was trained"), ("segments", (long)segments.Length),
            ("references", references.Sum(r => (long)r.Count)),
            .. Search(),
            ("bleu", bleu.Score), ("precisions", bleu.Precisions), ("brevity_penalty", bleu.BrevityPenalty),
            ("hypothesis_length", bleu.HypothesisLength), ("reference_length", bleu.ReferenceLength),
            ("bleu_signature", $"nrefs:{count}|case:mixed|eff:no|tok:{NameOf(tokenizer)}|smooth:exp|version:{Version}"),
            ("chrf", chrf), ("chrf_signature", $"nrefs:{count}|case:mixed|eff:yes|nc:6|nw:0|space:no|version:{Version}"),
            ("cut_off", (long)translations.Values.Count(t => t.Finish == FinishReason.Length)), ("seconds", seconds),
            ("texts_per_second", translations.Count / seconds),
        ]);
    }

    public void Dispose() => translator.Dispose();

    private (string Source, List<string> References)[] Read()
    {
        bool jsonl = Path.GetFileName(file).Contains(".jsonl", StringComparison.OrdinalIgnoreCase);
        var data = new DataFile(file, jsonl ? DataFormat.Jsonl : DataFormat.Tsv)
        {
            SourceField = settings.Source ?? (jsonl ? "source" : "0"),
            TargetField = settings.Target ?? (jsonl ? "target" : "1"),
        };
        var segments = new List<(string Source, List<string> References)>();
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (TextRecord record in DataReader.Read(data, new BadLines(0)))
        {
            if (settings.Grouped && known.TryGetValue(record.Source, out int segment))
            {
                // A target that is there twice says nothing new.
                if (!segments[segment].References.Contains(record.Target!))
                    segments[segment].References.Add(record.Target!);
                continue;
            }

            known.TryAdd(record.Source, segments.Count);
            segments.Add((record.Source, [record.Target!]));
        }

        return segments.Count > 0 ? [.. segments] : throw new UserErrorException($"{file}: there is no pair in it.");
    }

    /// <summary>How translations were looked for, as far as it was said.</summary>
    private IEnumerable<(string, object)> Search()
    {
        TranslationOptions said = settings.Translation;
        if (translator.FillsIn)
        {
            yield return ("iterations", said.Iterations is { } passes ? (long)passes : Unsaid);
            yield return ("length_candidates", said.LengthCandidates is { } lengths ? (long)lengths : Unsaid);
            yield break;
        }

        yield return ("beams", said.Beams is { } beams ? (long)beams : Unsaid);
        yield return ("length_penalty", said.LengthPenalty is { } penalty ? penalty : Unsaid);
    }

    /// <summary>Each different source once: the same text has the same translation.</summary>
    private async Task<Dictionary<string, Translation>> TranslateAsync(IEnumerable<string> sources,
        CancellationToken cancellation)
    {
        string[] distinct = [.. sources.Distinct(StringComparer.Ordinal)];
        var translations = new Dictionary<string, Translation>(distinct.Length, StringComparer.Ordinal);
        _all = distinct.Length;
        try
        {
            await foreach (Translation translation in translator.TranslateManyAsync(distinct, settings.Translation, cancellation))
            {
                translations[translation.Source] = translation;
                _done++;
            }
        }
        catch (TextTooLongException failure)
        {
            throw new UserErrorException($"{file}: \"{Start(distinct[failure.Number - 1])}\" has {failure.Tokens} tokens; "
                + $"{failure.Limit} is the most that is read. Take it out.");
        }

        return translations;
    }

    /// <summary>One direction for all, or the score would mix two things.</summary>
    private TranslationDirection? DirectionOf(IEnumerable<Translation> translations)
    {
        TranslationDirection?[] directions = [.. translations.Select(t => t.Direction).Distinct()];
        return directions is [var only] ? only
            : throw new UserErrorException(
                $"{file}: by their script some texts go {directions[0]}, others {directions[1]}. Say which with --to.");
    }

    private static string Start(string text) =>
        text.Length <= 40 ? text : new StringBuilder(text, 0, 40, 48).Append("...").ToString();

    private static BleuTokenizer TokenizerOf(string? language) => language?.ToLowerInvariant().Split('-')[0] switch
    {
        "zh" => BleuTokenizer.Chinese,
        "ja" => BleuTokenizer.Character,
        _ => BleuTokenizer.Mteval13A,
    };

    private static string NameOf(BleuTokenizer tokenizer) => tokenizer switch
    {
        BleuTokenizer.Chinese => "zh",
        BleuTokenizer.Character => "char",
        _ => "13a",
    };
}
