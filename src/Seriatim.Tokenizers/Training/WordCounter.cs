using System.Runtime.InteropServices;

namespace Seriatim.Tokenizers;

/// <summary>Counts the pieces that the normalizer and pre-tokenizer of the new tokenizer cut texts into.</summary>
internal static class WordCounter
{
    /// <summary>Long texts are counted in parts of about this many chars, cut at line ends, to bound memory.</summary>
    private const int PartLength = 1 << 20;

    /// <summary>Counts; the result is in the order of the words' chars, so that the order of texts does not matter.</summary>
    public static List<(string Word, long Count)> Count(IEnumerable<string> texts, TrainingPlan plan,
        CancellationToken cancellation)
    {
        (INormalizer? normalizer, IPretokenizer? pretokenizer) = TokenizerJsonWriter.ReadFront(plan);
        bool scripts = plan.Options.Model is TrainerModel.ByteFallbackBpe or TrainerModel.Unigram;
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        var special = new AddedVocabulary(
            [.. plan.Special.Select((content, id) => new AddedToken { Id = id, Content = content, Special = true })], null);
        EncodeScratch scratch = EncodeScratch.Rent();
        long chars = 0;
        foreach (string text in texts)
        {
            for (int at = 0; at < text.Length;)
            {
                cancellation.ThrowIfCancellationRequested();
                int end = PartEnd(text, at);
                CountAroundSpecial(text.AsSpan(at, end - at));
                chars += end - at;
                at = end;
                plan.Options.Progress?.Report(new VocabularyProgress { Stage = "counting words", Done = chars });
            }
        }

        EncodeScratch.Return(scratch);
        var result = counts.Select(pair => (pair.Key, pair.Value)).ToList();
        result.Sort((a, b) => string.CompareOrdinal(a.Key, b.Key));
        return result;

        // Special tokens written in the text are no text to learn from.
        void CountAroundSpecial(ReadOnlySpan<char> part)
        {
            int at = 0;
            while (special.FindRaw(part, at, true, isPlain: null, out AddedVocabulary.Match match))
            {
                CountPart(part[at..match.Start]);
                at = match.End;
            }

            CountPart(part[at..]);
        }

        void CountPart(ReadOnlySpan<char> part)
        {
            scratch.Text.Load(part, 0, tracks: false);
            normalizer?.Normalize(scratch.Text);
            scratch.Pieces.Clear();
            scratch.Pieces.Add(0, scratch.Text.Length);
            pretokenizer?.Split(scratch);
            foreach ((int start, int end) in scratch.Pieces.Span)
            {
                ReadOnlySpan<char> piece = scratch.Text.Span[start..end];
                if (!scripts)
                {
                    CollectionsMarshal.GetValueRefOrAddDefault(lookup, piece, out _)++;
                    continue;
                }

                foreach (Range range in new ScriptCutter(piece))
                {
                    CollectionsMarshal.GetValueRefOrAddDefault(lookup, piece[range], out _)++;
                }
            }
        }
    }

    private static int PartEnd(string text, int at)
    {
        if (text.Length - at <= PartLength)
        {
            return text.Length;
        }

        int line = text.IndexOf('\n', at + PartLength);
        if (line >= 0 && line - at < 2 * PartLength)
        {
            return line + 1;
        }

        int end = at + PartLength;
        return char.IsLowSurrogate(text[end]) ? end + 1 : end;
    }
}
