using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Embeds texts with any kind of model; all of them are in the engine at once.</summary>
internal static class Embedder
{
    /// <summary>Embeds texts as a sentence model has it, or as its caller wants it.</summary>
    /// <param name="opened">The model.</param>
    /// <param name="config">What its files say.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="options">What the caller says.</param>
    /// <param name="truncated">Told once if texts were cut.</param>
    /// <param name="cancellationToken">Ends the requests before they run.</param>
    public static async Task<IReadOnlyList<float[]>> EmbedAsync(
        OpenedModel opened, SentenceConfig config, IReadOnlyList<string> texts, EmbeddingOptions options,
        Action<TextsTruncatedEventArgs> truncated, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(texts);
        int[][] ids = Tokens(opened, config, texts, options.Truncate, truncated);
        return await EmbedAsync(opened, config, ids, options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As above, of texts that are token ids already.</summary>
    public static async Task<IReadOnlyList<float[]>> EmbedAsync(OpenedModel opened, SentenceConfig config, int[][] ids,
        EmbeddingOptions options, CancellationToken cancellationToken)
    {
        IReadOnlyList<PoolingKind> pooling = options.Pooling is { } wanted ? [wanted]
            : config.Pooling.Count > 0 ? config.Pooling
            : [opened.Model.Spec.Encoder is null ? PoolingKind.Last : PoolingKind.Mean];
        List<DenseStep?> steps = [.. options.Pooling is null ? config.Steps : config.Steps.Where(step => step is null)];
        if (options.Normalize == false)
            steps.RemoveAll(step => step is null);
        else if (options.Normalize == true && (steps.Count == 0 || steps[^1] is not null))
            steps.Add(null);
        EncodingResult[] results = await EncodeAsync(opened, "embeddings", [.. ids.Select(tokens => new EncodingRequest
            {
                Tokens = tokens,
                Pooling = pooling[0],
                MorePooling = [.. pooling.Skip(1)],
            })], cancellationToken).ConfigureAwait(false);
        return [
            .. results.Select(result =>
                steps.Aggregate(result.Embedding!, (vector, step) => step is null ? Unit(vector) : step.Run(vector)))];
    }

    /// <summary>The ids of texts, those that are too long cut before the special tokens at their end.</summary>
    public static int[][] Tokens(
        OpenedModel opened, SentenceConfig config, IReadOnlyList<string> texts, bool truncate,
        Action<TextsTruncatedEventArgs> truncated)
    {
        int most = Math.Min(opened.Model.Spec.Context, opened.EngineOptions.TokenBudget);
        int? limit = config.MaxLength ?? (truncate ? most : null);
        string reason = config.MaxLength is not null
            ? config.LengthFile
            : most == opened.Model.Spec.Context ? "the model's context" : "the engine's token budget";
        int[][] ids = new int[texts.Count][];
        (int cut, int number, int longest) = (0, 0, 0);
        for (int i = 0; i < ids.Length; i++)
        {
            string text = config.IsThere ? config.Prompt + texts[i].Trim() : texts[i];
            text = config.Lowercase ? SmallLetters.Of(text) : text;
            ids[i] = opened.Tokenizer.Encode(text);
            if (ids[i].Length <= (limit ?? int.MaxValue))
                continue;
            cut++;
            (number, longest) = ids[i].Length > longest ? (i + 1, ids[i].Length) : (number, longest);
            ids[i] = Cut(opened.Tokenizer.EncodeWithOffsets(text), limit!.Value, reason);
        }

        if (cut > 0)
            truncated(new TextsTruncatedEventArgs(cut, ids.Length, number, longest, limit!.Value, reason));
        return ids;
    }

    private static int[] Cut(IReadOnlyList<EncodedToken> tokens, int most, string reason)
    {
        int first = tokens.TakeWhile(token => token.Sequence < 0).Count();
        int last = tokens.Reverse().TakeWhile(token => token.Sequence < 0).Count();
        int text = most - first - last;
        if (text < 1)
        {
            throw new UnsupportedConfigException(reason, ["max_seq_length"],
                $"texts are cut to {most} tokens, and {first + last} special tokens go to each: nothing of it would be left.");
        }

        return [.. tokens.Take(first + text).Concat(tokens.TakeLast(last)).Select(token => token.Id)];
    }

    private static float[] Unit(float[] vector)
    {
        double squares = 0;
        foreach (float value in vector)
            squares += (double)value * value;
        double scale = squares > 0 ? 1 / Math.Sqrt(squares) : 0;
        return Array.ConvertAll(vector, value => (float)(value * scale));
    }

    /// <summary>Runs requests as one operation of telemetry; where the queue is full they wait for room.</summary>
    public static async Task<EncodingResult[]> EncodeAsync(
        OpenedModel opened, string operation, EncodingRequest[] requests, CancellationToken cancellationToken)
    {
        GenerationActivity activity = GenerationActivity.Start(operation, opened.Name, null);
        try
        {
            EncodingResult[] results = await RunAsync(opened, requests, cancellationToken).ConfigureAwait(false);
            int tokens = requests.Sum(request => request.Tokens.Length);
            opened.Totals.CountRead(tokens);
            activity.End(tokens);
            return results;
        }
        catch (Exception failure)
        {
            activity.Fail(failure);
            throw;
        }
    }

    private static async Task<EncodingResult[]> RunAsync(OpenedModel opened, EncodingRequest[] requests,
        CancellationToken cancellationToken)
    {
        int most = Math.Max(1, opened.Engine.Options.MaxQueuedRequests / 2);
        var results = new List<EncodingResult>(requests.Length);
        foreach (EncodingRequest[] chunk in requests.Chunk(most))
        {
            results.AddRange(
                await Task.WhenAll(chunk.Select(request =>
                    opened.Engine.EncodeWhenFreeAsync(request, cancellationToken))).ConfigureAwait(false));
        }
        return [.. results];
    }
}
