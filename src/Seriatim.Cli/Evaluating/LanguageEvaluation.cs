using System.Text;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>
/// How probable a text is to a decoder: its loss summed over the whole file, as perplexity of a token and as bits of a byte of
/// UTF-8, which can be compared between vocabularies.
/// </summary>
/// <remarks>
/// Every token is predicted once, in a window that ends with it or up to a stride behind it. A document begins with the
/// beginning-of-sequence token if the tokenizer has one to put there; else its first token has no context and counts as one of
/// the whole vocabulary, ln(V). Lines with the marker, and ends of documents, are not counted.
/// </remarks>
internal sealed class LanguageEvaluation(TextEncoder opened, TextSettings settings, string file, int threads) : IEvaluation
{
    private const int RowsAtOnce = 4096;

    private long _documents, _tokens, _bytes, _unknown, _withoutContext;
    private TokenScores _scores;

    public string Progress =>
        FormattableString.Invariant($"{_tokens:N0} tokens of {_documents:N0} documents, perplexity {_scores.Perplexity:F2}");

    public Task<EvaluationReport> RunAsync(CancellationToken cancellation)
    {
        using IDifferentiableOps ops = CpuOps.Create(threads);
        var batch = new List<Window>();
        int rows = 0;
        foreach (Window window in Windows())
        {
            cancellation.ThrowIfCancellationRequested();
            if (batch.Count > 0 && rows + window.Ids.Length > Math.Max(RowsAtOnce, settings.Window))
                Flush();
            batch.Add(window);
            rows += window.Ids.Length;
        }

        if (batch.Count > 0)
            Flush();
        if (_tokens == 0)
            throw new UserErrorException($"{file}: there is no text in it.");
        if (_unknown > 0)
        {
            Terminal.Note($"{_unknown} tokens stand for text the vocabulary does not know; what it would cost to write it is not "
                + "in these figures.");
        }
        double loss = _scores.LossSum + _withoutContext * Math.Log(opened.Model.Spec.Last.Vocabulary);
        return Task.FromResult(new EvaluationReport("language",
        [
            ("documents", _documents), ("bytes", _bytes), ("tokens", _tokens), ("window", (long)settings.Window),
            ("stride", (long)settings.Stride), ("without_context", _withoutContext), ("loss", loss / _tokens),
            ("perplexity", Math.Exp(loss / _tokens)), ("bits_per_byte", loss / Math.Log(2) / _bytes),
            ("accuracy", (double)_scores.Correct / _tokens),
        ]));

        void Flush()
        {
            _scores += LossPass.Evaluate(opened.Model, ops, Batch(batch));
            batch.Clear();
            rows = 0;
        }
    }

    public void Dispose() => opened.Dispose();

    private static TrainingBatch Batch(List<Window> windows)
    {
        var builder = new RaggedBatchBuilder();
        var rows = new List<int>();
        var labels = new List<int>();
        foreach (Window window in windows)
        {
            int scored = window.Labels.Length;
            rows.AddRange(Enumerable.Range(builder.Rows + window.Ids.Length - scored, scored));
            labels.AddRange(window.Labels);
            builder.Add(window.Ids, outputs: Outputs.All);
        }

        return new TrainingBatch(builder.Build(), null, [.. rows], [.. labels]);
    }

    private IEnumerable<Window> Windows()
    {
        var data = new DataFile(file, DataFormat.Text) { Marker = settings.Marker };
        Tokenizer tokenizer = opened.Tokenizer;
        EncodeOptions whole = EncodeOptions.PlainText with { AddSpecialTokens = true };
        int? first = tokenizer.Encode("", whole) is [int id, ..] && id == tokenizer.BosId ? id : null;
        foreach (TextRecord record in DataReader.Read(data, new BadLines(long.MaxValue)))
        {
            int[] text = tokenizer.Encode(record.Source, EncodeOptions.PlainText with { AddSpecialTokens = false });
            _documents++;
            _bytes += Encoding.UTF8.GetByteCount(record.Source);
            _tokens += text.Length;
            _unknown += tokenizer.UnkId is { } unknown ? text.Count(t => t == unknown) : 0;
            _withoutContext += first is null ? 1 : 0;
            foreach (Window window in Windows(first is { } bos ? [bos, .. text] : text))
                yield return window;
        }
    }

    /// <summary>The first window predicts all it holds, the others the last stride.</summary>
    private IEnumerable<Window> Windows(int[] ids)
    {
        for (int from = 1, to; from < ids.Length; from = to)
        {
            to = Math.Min(ids.Length, from + (from == 1 ? settings.Window : settings.Stride));
            yield return new Window(ids[Math.Max(0, to - 1 - settings.Window)..(to - 1)], ids[from..to]);
        }
    }

    /// <summary>Ids that are read, and those that the last of its rows shall predict.</summary>
    private readonly record struct Window(int[] Ids, int[] Labels);
}
