using Microsoft.Extensions.AI;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>Models behind the interfaces of Microsoft.Extensions.AI. Disposing an adapter leaves the model open.</summary>
public static class SeriatimAdapters
{
    /// <summary>
    /// The model as a chat client. Text messages and sampling options are honoured; tools, structured answers, conversation ids
    /// and content other than text are refused with <see cref="NotSupportedException"/>.
    /// </summary>
    /// <param name="model">A model whose tokenizer has a chat template.</param>
    public static IChatClient AsChatClient(this LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new SeriatimChatClient(model);
    }

    /// <summary>The encoder as a generator of embeddings.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="pooling">How rows become one embedding; null: as the model's own files say.</param>
    /// <param name="normalize">Scale each to length 1; null: as the model's own files say.</param>
    public static IEmbeddingGenerator<string, Embedding<float>> AsEmbeddingGenerator(
        this TextEncoder encoder, PoolingKind? pooling = null, bool? normalize = null)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        return new SeriatimEmbeddingGenerator(
            encoder, encoder.Name, pooling is null ? encoder.EmbeddingWidth : encoder.Model.Spec.Last.Width,
            (texts, token) => encoder.EmbedAsync(texts, pooling, normalize, token));
    }

    /// <summary>The language model as a generator of embeddings.</summary>
    /// <param name="model">The model.</param>
    /// <param name="pooling">How rows become one embedding.</param>
    /// <param name="normalize">Scale each to length 1.</param>
    public static IEmbeddingGenerator<string, Embedding<float>> AsEmbeddingGenerator(
        this LanguageModel model, PoolingKind pooling = PoolingKind.Last, bool normalize = true)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new SeriatimEmbeddingGenerator(
            model, model.Name, model.Model.Spec.Last.Width, (texts, token) => model.EmbedAsync(texts, pooling, normalize, token));
    }
}
