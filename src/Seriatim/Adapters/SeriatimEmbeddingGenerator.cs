using Microsoft.Extensions.AI;

namespace Seriatim;

/// <summary>
/// A model as an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>. Options that cannot be honoured are refused by name.
/// </summary>
internal sealed class SeriatimEmbeddingGenerator(
    object owner, string name, int dimensions, Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyList<float[]>>> embed)
    : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly EmbeddingGeneratorMetadata _metadata = new("seriatim", null, name, dimensions);

    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (options?.Dimensions is { } wanted && wanted != dimensions)
            throw new NotSupportedException($"Dimensions is {wanted}; the embeddings of {name} have {dimensions}.");
        if (options?.ModelId is { } id && id != name)
            throw new NotSupportedException($"ModelId is {id}; this generator serves {name}.");
        if (options?.RawRepresentationFactory is not null)
        {
            throw new NotSupportedException(
                "This generator does not support RawRepresentationFactory: there are no options of its own to make.");
        }
        if (options?.AdditionalProperties is { Count: > 0 } more)
        {
            throw new NotSupportedException(
                $"This generator does not support AdditionalProperties ({string.Join(", ", more.Keys)}).");
        }
        using SeriatimTelemetry.AdapterScope scope = SeriatimTelemetry.InAdapter();
        IReadOnlyList<float[]> embeddings = await embed([.. values], cancellationToken).ConfigureAwait(false);
        return [.. embeddings.Select(vector => new Embedding<float>(vector) { ModelId = name })];
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : serviceType.IsInstanceOfType(owner) ? owner : null;
    }

    /// <summary>The model belongs to whoever opened it.</summary>
    public void Dispose()
    {
    }
}
