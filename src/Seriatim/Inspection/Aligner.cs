using Seriatim.Models;

namespace Seriatim.Inspection;

/// <summary>Reads an alignment off the attention of a decoder to its source.</summary>
internal static class Aligner
{
    public static async Task<TranslationAlignment> AlignAsync(
        Microscope microscope, string source, string translation, int? layer, CancellationToken cancellationToken)
    {
        int chosen = LayerOf(microscope, layer);
        Specimen specimen = microscope.Prepare(translation, source);
        int[] ids = specimen.Ids;
        MaskPredictSpec? whole = microscope.Model.Spec.MaskPredict;
        int first = whole?.First ?? specimen.Start;
        int count = whole?.Predicted(ids.Length) ?? ids.Length - first;
        if (count < 1)
            throw new ModelTaskException("The translation has no tokens, so there is nothing to align.");
        var weights = new float[count][];
        foreach ((int[] read, (int Row, int Token)[] rows) in Passes(ids, first, count, whole))
        {
            Capture seen = await microscope.LookAsync(specimen with { Tokens = Specimen.TokensOf(microscope.Tokenizer, read) },
                new CaptureFilter
                {
                    Kinds = CaptureKinds.CrossAttention,
                    Stack = StackSide.Decoder,
                    Layers = [chosen],
                    Rows = [.. rows.Select(row => row.Row)],
                }, cancellationToken).ConfigureAwait(false);
            foreach ((int row, int token) in rows)
                weights[token] = MeanOfHeads(seen.Attention.Where(one => one.Position == row), specimen.SourceTokens.Count);
        }

        return new TranslationAlignment(specimen.SourceTokens, [.. specimen.Tokens.Skip(first).Take(count)], weights, chosen);
    }

    private static int LayerOf(Microscope microscope, int? layer)
    {
        int[] attending = [.. microscope.Map.Last.Layers.Where(one => one.CrossHeads > 0).Select(one => one.Index)];
        if (attending.Length == 0)
        {
            throw new ModelTaskException(
                $"{microscope.Name}: no layer of its decoder attends to the source, so there is nothing to align by.");
        }

        int chosen = layer ?? attending[^1];
        return attending.Contains(chosen) ? chosen : throw new ModelTaskException(
            $"{microscope.Name}: layer {chosen} does not attend to the source; those that do: {string.Join(", ", attending)}.");
    }

    /// <summary>
    /// What is read, and of which row each token is taken: who writes token by token predicts a token in the row before it; who
    /// fills in predicts masked ones in their own rows, so each half is masked once, as in training.
    /// </summary>
    private static IEnumerable<(int[] Ids, (int Row, int Token)[] Rows)> Passes(
        int[] ids, int first, int count, MaskPredictSpec? whole)
    {
        if (whole is null)
        {
            yield return (ids, [.. Enumerable.Range(0, count).Select(i => (first + i - 1, i))]);
            yield break;
        }

        for (int half = 0; half < Math.Min(2, count); half++)
        {
            int[] masked = [.. ids];
            (int Row, int Token)[] rows = [.. Enumerable.Range(0, count).Where(i => i % 2 == half).Select(i => (first + i, i))];
            foreach ((int row, _) in rows)
                masked[row] = whole.MaskId;
            yield return (masked, rows);
        }
    }

    private static float[] MeanOfHeads(IEnumerable<CapturedAttention> heads, int keys)
    {
        CapturedAttention[] all = [.. heads];
        float[] mean = new float[keys];
        foreach (CapturedAttention head in all)
        {
            for (int i = 0; i < head.Keys.Count; i++)
                mean[head.Keys[i]] += head.Weights[i] / all.Length;
        }

        return mean;
    }
}
