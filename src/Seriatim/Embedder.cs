using Seriatim.Generation;

namespace Seriatim;

/// <summary>Embeds texts with any kind of model; all of them are in the engine at once.</summary>
internal static class Embedder
{
    public static async Task<IReadOnlyList<float[]>> EmbedAsync(
        OpenedModel opened, IReadOnlyList<string> texts, PoolingKind pooling, bool normalize, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(texts);
        int[][] ids = [.. texts.Select(text => opened.Tokenizer.Encode(text))];
        EncodingResult[] results = await EncodeAsync(opened, "embeddings", [.. ids.Select(tokens => new EncodingRequest
            {
                Tokens = tokens,
                Pooling = pooling,
                Normalize = normalize,
            })], cancellationToken).ConfigureAwait(false);
        return [.. results.Select(result => result.Embedding!)];
    }

    /// <summary>Runs requests as one operation of telemetry; where the queue is full they wait for room.</summary>
    public static async Task<EncodingResult[]> EncodeAsync(
        OpenedModel opened, string operation, EncodingRequest[] requests, CancellationToken cancellationToken)
    {
        GenerationActivity activity = GenerationActivity.Start(operation, opened.Name, null);
        try
        {
            EncodingResult[] results = await RunAsync(opened, requests, cancellationToken).ConfigureAwait(false);
            activity.End(requests.Sum(request => request.Tokens.Length));
            return results;
        }
        catch (Exception failure)
        {
            activity.Fail(failure);
            throw;
        }
    }

    private static async Task<EncodingResult[]> RunAsync(OpenedModel opened, EncodingRequest[] requests, CancellationToken cancellationToken)
    {
        int most = Math.Max(1, opened.Engine.Options.MaxQueuedRequests / 2);
        var results = new List<EncodingResult>(requests.Length);
        foreach (EncodingRequest[] chunk in requests.Chunk(most))
            results.AddRange(await Task.WhenAll(chunk.Select(request => opened.Engine.EncodeWhenFreeAsync(request, cancellationToken))).ConfigureAwait(false));
        return [.. results];
    }
}
