using Microsoft.Extensions.AI;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Models behind the interfaces of Microsoft.Extensions.AI. Disposing an adapter leaves the model open.</summary>
public static class SeriatimAdapters
{
    /// <summary>
    /// The model as a chat client. Text, sampling options and, where the chat template shows them, tools are honoured; structured
    /// answers, conversation ids and other content are refused with <see cref="NotSupportedException"/>.
    /// </summary>
    /// <param name="model">A model whose tokenizer has a chat template.</param>
    /// <param name="prompt">
    /// Template, its variables, and whether special tokens in messages are read as such; null: as the tokenizer has it, and what
    /// messages say is text. Tools come with <see cref="ChatOptions.Tools"/>.
    /// </param>
    public static IChatClient AsChatClient(this LanguageModel model, ChatPromptOptions? prompt = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new SeriatimChatClient(new(model.Name, model), prompt ?? ChatPromptOptions.Default);
    }

    /// <summary>The encoder as a generator of embeddings.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="options">What is not as the model's own files have it; null: nothing.</param>
    public static IEmbeddingGenerator<string, Embedding<float>> AsEmbeddingGenerator(
        this TextEncoder encoder, EmbeddingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        return new SeriatimEmbeddingGenerator(new(encoder.Name, EmbeddingSource.Of(encoder, options)));
    }

    /// <summary>The language model as a generator of embeddings.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">Pooling, scaling, truncation; null for the defaults.</param>
    public static IEmbeddingGenerator<string, Embedding<float>> AsEmbeddingGenerator(
        this LanguageModel model, EmbeddingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new SeriatimEmbeddingGenerator(new(model.Name, EmbeddingSource.Of(model, options)));
    }
}
