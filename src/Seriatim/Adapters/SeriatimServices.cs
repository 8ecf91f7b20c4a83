using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// Models as services. A host opens them when it starts, and does not start if one cannot be opened; without a
/// host each is opened when it is first asked for. All are closed with the container. They log to the
/// container's <see cref="ILoggerFactory"/>.
/// </summary>
public static class SeriatimServices
{
    /// <summary>Adds a <see cref="LanguageModel"/>, and an <see cref="IChatClient"/> over it.</summary>
    /// <param name="services">The services.</param>
    /// <param name="model">The model, as <see cref="LanguageModel.OpenAsync"/> takes it.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    public static IServiceCollection AddSeriatim(this IServiceCollection services, string model,
        LanguageModelOptions? options = null)
    {
        Add(services, model, options, LanguageModel.OpenAsync, opened => opened.Engine);
        return services.AddSingleton(provider => provider.GetRequiredService<LanguageModel>().AsChatClient());
    }

    /// <summary>Adds a <see cref="TextEncoder"/>, and an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> over it.</summary>
    /// <param name="services">The services.</param>
    /// <param name="model">The model, as <see cref="TextEncoder.OpenAsync"/> takes it.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    public static IServiceCollection AddSeriatimEncoder(this IServiceCollection services, string model,
        LanguageModelOptions? options = null)
    {
        Add(services, model, options, TextEncoder.OpenAsync, opened => opened.Engine);
        return services.AddSingleton(provider => provider.GetRequiredService<TextEncoder>().AsEmbeddingGenerator());
    }

    /// <summary>Adds a <see cref="Translator"/>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="model">The model, as <see cref="Translator.OpenAsync"/> takes it.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    public static IServiceCollection AddSeriatimTranslator(this IServiceCollection services, string model,
        LanguageModelOptions? options = null) =>
        Add(services, model, options, Translator.OpenAsync, opened => opened.Engine);

    /// <summary>
    /// Adds a health check over all models that were added to the services: healthy if they are open and their
    /// engines answer, degraded if a queue is full.
    /// </summary>
    /// <param name="builder">What <c>AddHealthChecks</c> gives.</param>
    /// <param name="name">Name of the check.</param>
    /// <param name="failureStatus">What it reports if a model is not open; null: unhealthy.</param>
    /// <param name="tags">Tags to choose checks by, e.g. for readiness.</param>
    /// <param name="timeout">The longest it waits for a step of the engines; null: as long as the caller does.</param>
    public static IHealthChecksBuilder AddSeriatim(
        this IHealthChecksBuilder builder, string name = "seriatim", HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name, provider => new ModelHealthCheck(provider.GetServices<IModelService>()), failureStatus, tags, timeout));
    }

    private static IServiceCollection Add<T>(
        IServiceCollection services, string model, LanguageModelOptions? options,
        Func<string, LanguageModelOptions?, CancellationToken, Task<T>> open, Func<T, GenerationEngine> engineOf)
        where T : class, IDisposable
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(model);

        // A key of its own: each model that is added is opened, also where several are of one kind
        // and the last is the one that is asked for.
        object key = new();
        services.AddKeyedSingleton(key, (provider, _) =>
        {
            LanguageModelOptions full = options ?? new LanguageModelOptions();
            full = full with { LoggerFactory = full.LoggerFactory ?? provider.GetService<ILoggerFactory>() };
            return new ModelService<T>(model, cancellationToken => open(model, full, cancellationToken), engineOf);
        });
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<ModelService<T>>(key));
        services.AddSingleton<IModelService>(provider => provider.GetRequiredKeyedService<ModelService<T>>(key));
        return services.AddSingleton(provider => provider.GetRequiredKeyedService<ModelService<T>>(key).Value);
    }
}
