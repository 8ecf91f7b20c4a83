using Microsoft.Extensions.AI;

namespace Seriatim;

/// <summary>
/// A model as an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>. Options that cannot be honoured are refused by name.
/// </summary>
internal sealed class SeriatimEmbeddingGenerator(ModelAccess<EmbeddingSource> access)
    : IEmbeddingGenerator<string, Embedding<float>>
{
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (options?.ModelId is { } id && id != access.Name)
            throw new NotSupportedException($"ModelId is {id}; this generator serves {access.Name}.");
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

        EmbeddingSource source = await access.OpenAsync(cancellationToken).ConfigureAwait(false);
        if (options?.Dimensions is { } wanted && wanted != source.Dimensions)
        {
            throw new NotSupportedException(
                $"Dimensions is {wanted}; the embeddings of {access.Name} have {source.Dimensions}.");
        }

        using SeriatimTelemetry.AdapterScope scope = SeriatimTelemetry.InAdapter();
        IReadOnlyList<float[]> embeddings = await source.EmbedAsync([.. values], cancellationToken).ConfigureAwait(false);
        return [.. embeddings.Select(vector => new Embedding<float>(vector) { ModelId = access.Name })];
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata)
                ? new EmbeddingGeneratorMetadata("seriatim", null, access.Name, access.Current?.Dimensions)
            : serviceType.IsInstanceOfType(this) ? this
            : access.Current is { } source && serviceType.IsInstanceOfType(source.Owner) ? source.Owner : null;
    }

    /// <summary>The model belongs to whoever opened it.</summary>
    public void Dispose()
    {
    }
}
