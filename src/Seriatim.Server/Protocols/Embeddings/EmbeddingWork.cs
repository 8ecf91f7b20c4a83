namespace Seriatim.Server;

/// <summary>Embeds the texts of a request, whatever its protocol.</summary>
internal static class EmbeddingWork
{
    /// <summary>Embeddings of texts, and how many tokens were read.</summary>
    /// <param name="call">The request.</param>
    /// <param name="use">The model.</param>
    /// <param name="input">The texts.</param>
    /// <param name="cuts">Whether those that are too long are cut.</param>
    /// <param name="dimensions">How many numbers; null: all.</param>
    public static async Task<(IReadOnlyList<float[]> Vectors, int Tokens)> RunAsync(
        ApiCall call, ModelUse use, TextInput input, bool cuts, int? dimensions)
    {
        use.RequireNoAdapter();
        SentenceConfig config = ConfigOf(use);
        int[][] ids = input.Ids(use, config, cuts);
        int tokens = ids.Sum(text => text.Length);
        IReadOnlyList<float[]> vectors = await call.CountAsync(use, tokens, Embedder.EmbedAsync(
            use.Opened, config, ids, new EmbeddingOptions { Normalize = config.IsThere ? null : true }, call.Aborted))
            .ConfigureAwait(false);
        if (dimensions is { } count)
            vectors = [.. vectors.Select(vector => First(vector, count))];
        return (vectors, tokens);
    }

    /// <summary>What the files of a model say of texts.</summary>
    public static SentenceConfig ConfigOf(ModelUse use) => SentenceConfig.Read(use.Opened.Model, use.Opened.Folder);

    /// <summary>The cosine of the angle between two vectors of length 1.</summary>
    public static double Cosine(float[] one, float[] other)
    {
        double dot = 0, first = 0, second = 0;
        for (int i = 0; i < one.Length; i++)
        {
            dot += (double)one[i] * other[i];
            first += (double)one[i] * one[i];
            second += (double)other[i] * other[i];
        }

        return first > 0 && second > 0 ? dot / Math.Sqrt(first * second) : 0;
    }

    private static float[] First(float[] vector, int count)
    {
        if (count > vector.Length)
        {
            throw ApiException.Invalid($"dimensions is {count}; the model's embeddings have {vector.Length}.", "dimensions",
                "invalid_value");
        }

        double squares = 0;
        for (int i = 0; i < count; i++)
            squares += (double)vector[i] * vector[i];
        double scale = squares > 0 ? 1 / Math.Sqrt(squares) : 0;
        return Array.ConvertAll(vector[..count], value => (float)(value * scale));
    }
}
