using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace Seriatim;

/// <summary>Models as services. Each is opened when it is first asked for, once, and closed with the container.</summary>
public static class SeriatimServices
{
    /// <summary>Adds a <see cref="LanguageModel"/>, and an <see cref="IChatClient"/> over it.</summary>
    /// <param name="services">The services.</param>
    /// <param name="model">The model, as <see cref="LanguageModel.OpenAsync"/> takes it.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    public static IServiceCollection AddSeriatim(this IServiceCollection services, string model, LanguageModelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(model);

        // Containers build services synchronously; opening runs on other threads, so waiting here cannot lock up.
        services.AddSingleton(_ => Task.Run(() => LanguageModel.OpenAsync(model, options)).GetAwaiter().GetResult());
        return services.AddSingleton(provider => provider.GetRequiredService<LanguageModel>().AsChatClient());
    }

    /// <summary>Adds a <see cref="TextEncoder"/>, and an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> over it.</summary>
    /// <param name="services">The services.</param>
    /// <param name="model">The model, as <see cref="TextEncoder.OpenAsync"/> takes it.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    public static IServiceCollection AddSeriatimEncoder(this IServiceCollection services, string model, LanguageModelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(model);
        services.AddSingleton(_ => Task.Run(() => TextEncoder.OpenAsync(model, options)).GetAwaiter().GetResult());
        return services.AddSingleton(provider => provider.GetRequiredService<TextEncoder>().AsEmbeddingGenerator());
    }
}
