namespace Seriatim;

/// <summary>What makes embeddings.</summary>
/// <param name="Owner">The model.</param>
/// <param name="Dimensions">Numbers of an embedding.</param>
/// <param name="EmbedAsync">Embeds texts.</param>
internal sealed record EmbeddingSource(
    object Owner, int Dimensions, Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyList<float[]>>> EmbedAsync)
{
    public static EmbeddingSource Of(TextEncoder encoder, EmbeddingOptions? options) => new(
        encoder, options?.Pooling is null ? encoder.EmbeddingWidth : encoder.Model.Spec.Last.OutputWidth,
        (texts, token) => encoder.EmbedAsync(texts, options, token));

    public static EmbeddingSource Of(LanguageModel model, EmbeddingOptions? options) => new(
        model, model.Model.Spec.Last.OutputWidth, (texts, token) => model.EmbedAsync(texts, options, token));
}
