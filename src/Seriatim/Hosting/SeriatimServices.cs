using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// Models as services. A host opens them when it starts, and does not start if one cannot be opened; a request that comes before
/// that is done waits for it. Without a host each is opened when it is first asked for. All are closed with the container. They
/// log to the container's <see cref="ILoggerFactory"/>.
/// </summary>
public static class SeriatimServices
{
    /// <summary>
    /// Adds what the models of the container share: one team of threads, which they use in turn, and one budget of memory.
    /// Without it each model has a team of its own.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="options">Threads, memory; null for the defaults. Logger and meter are the container's unless given.</param>
    public static IServiceCollection AddSeriatimHost(this IServiceCollection services, EngineHostOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.AddSingleton(provider =>
        {
            EngineHostOptions full = options ?? new EngineHostOptions();
            return new EngineHost(full with
            {
                LoggerFactory = full.LoggerFactory ?? provider.GetService<ILoggerFactory>(),
                MeterFactory = full.MeterFactory ?? provider.GetService<IMeterFactory>(),
            });
        });
    }

    /// <summary>Adds a <see cref="LanguageModel"/>, and an <see cref="IChatClient"/> over it.</summary>
    /// <param name="services">The services.</param>
    /// <param name="model">The model, as <see cref="LanguageModel.OpenAsync"/> takes it.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    /// <param name="prompt">How conversations are written, as for <see cref="SeriatimAdapters.AsChatClient"/>.</param>
    /// <returns>The pipeline of the chat client: <c>.UseFunctionInvocation()</c>, <c>.UseOpenTelemetry()</c>, ...</returns>
    public static ChatClientBuilder AddSeriatim(
        this IServiceCollection services, string model, LanguageModelOptions? options = null, ChatPromptOptions? prompt = null) =>
        services.AddChatClient(Client(Chat(null).AddTo(services, model, options), prompt));

    /// <summary>As above, as a section of the configuration says it; checked when the host starts.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">A section with the keys of <see cref="SeriatimModelOptions"/>.</param>
    /// <param name="configure">What is said in code, above the configuration.</param>
    /// <param name="prompt">How conversations are written, as for <see cref="SeriatimAdapters.AsChatClient"/>.</param>
    public static ChatClientBuilder AddSeriatim(
        this IServiceCollection services, IConfigurationSection section, Action<SeriatimModelOptions>? configure = null,
        ChatPromptOptions? prompt = null) =>
        services.AddChatClient(Client(Chat(null).AddTo(services, section, configure), prompt));

    /// <summary>
    /// Adds one of several models: <see cref="LanguageModel"/> and <see cref="IChatClient"/> are asked for by its key.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key, as a rule a name.</param>
    /// <param name="model">The model, as <see cref="LanguageModel.OpenAsync"/> takes it.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    /// <param name="prompt">How conversations are written, as for <see cref="SeriatimAdapters.AsChatClient"/>.</param>
    public static ChatClientBuilder AddKeyedSeriatim(
        this IServiceCollection services, object key, string model, LanguageModelOptions? options = null,
        ChatPromptOptions? prompt = null) =>
        services.AddKeyedChatClient(key, Client(Chat(key).AddTo(services, model, options), prompt));

    /// <summary>As above, as a section of the configuration says it; checked when the host starts.</summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key, as a rule a name.</param>
    /// <param name="section">A section with the keys of <see cref="SeriatimModelOptions"/>.</param>
    /// <param name="configure">What is said in code, above the configuration.</param>
    /// <param name="prompt">How conversations are written, as for <see cref="SeriatimAdapters.AsChatClient"/>.</param>
    public static ChatClientBuilder AddKeyedSeriatim(
        this IServiceCollection services, object key, IConfigurationSection section,
        Action<SeriatimModelOptions>? configure = null, ChatPromptOptions? prompt = null) =>
        services.AddKeyedChatClient(key, Client(Chat(key).AddTo(services, section, configure), prompt));

    /// <summary>Adds a <see cref="TextEncoder"/>, and an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> over it.</summary>
    /// <param name="services">The services.</param>
    /// <param name="model">The model, as <see cref="TextEncoder.OpenAsync"/> takes it.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    /// <param name="embedding">How texts become vectors; null: as the model's files say.</param>
    /// <returns>The pipeline of the generator.</returns>
    public static EmbeddingGeneratorBuilder<string, Embedding<float>> AddSeriatimEncoder(
        this IServiceCollection services, string model, LanguageModelOptions? options = null,
        EmbeddingOptions? embedding = null) =>
        services.AddEmbeddingGenerator(Generator(Encoder(null).AddTo(services, model, options), embedding));

    /// <summary>As above, as a section of the configuration says it; checked when the host starts.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">A section with the keys of <see cref="SeriatimModelOptions"/>.</param>
    /// <param name="configure">What is said in code, above the configuration.</param>
    /// <param name="embedding">How texts become vectors; null: as the model's files say.</param>
    public static EmbeddingGeneratorBuilder<string, Embedding<float>> AddSeriatimEncoder(
        this IServiceCollection services, IConfigurationSection section, Action<SeriatimModelOptions>? configure = null,
        EmbeddingOptions? embedding = null) =>
        services.AddEmbeddingGenerator(Generator(Encoder(null).AddTo(services, section, configure), embedding));

    /// <summary>Adds one of several encoders, asked for by its key.</summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key, as a rule a name.</param>
    /// <param name="model">The model, as <see cref="TextEncoder.OpenAsync"/> takes it.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    /// <param name="embedding">How texts become vectors; null: as the model's files say.</param>
    public static EmbeddingGeneratorBuilder<string, Embedding<float>> AddKeyedSeriatimEncoder(
        this IServiceCollection services, object key, string model, LanguageModelOptions? options = null,
        EmbeddingOptions? embedding = null) =>
        services.AddKeyedEmbeddingGenerator(key, Generator(Encoder(key).AddTo(services, model, options), embedding));

    /// <summary>Adds a <see cref="Translator"/>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="model">The model, as <see cref="Translator.OpenAsync"/> takes it.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    public static IServiceCollection AddSeriatimTranslator(this IServiceCollection services, string model,
        LanguageModelOptions? options = null)
    {
        Translations(null).AddTo(services, model, options);
        return services;
    }

    /// <summary>As above, as a section of the configuration says it; checked when the host starts.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">A section with the keys of <see cref="SeriatimModelOptions"/>.</param>
    /// <param name="configure">What is said in code, above the configuration.</param>
    public static IServiceCollection AddSeriatimTranslator(this IServiceCollection services, IConfigurationSection section,
        Action<SeriatimModelOptions>? configure = null)
    {
        Translations(null).AddTo(services, section, configure);
        return services;
    }

    /// <summary>Adds one of several translators, asked for by its key.</summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key, as a rule a name.</param>
    /// <param name="model">The model, as <see cref="Translator.OpenAsync"/> takes it.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    public static IServiceCollection AddKeyedSeriatimTranslator(this IServiceCollection services, object key, string model,
        LanguageModelOptions? options = null)
    {
        Translations(key).AddTo(services, model, options);
        return services;
    }

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

    private static ModelRegistration<LanguageModel> Chat(object? key) =>
        new(key, LanguageModel.OpenAsync, opened => opened.Engine);

    private static ModelRegistration<TextEncoder> Encoder(object? key) =>
        new(key, TextEncoder.OpenAsync, opened => opened.Engine);

    private static ModelRegistration<Translator> Translations(object? key) =>
        new(key, Translator.OpenAsync, opened => opened.Engine);

    private static Func<IServiceProvider, IChatClient> Client(
        ModelRegistration<LanguageModel> model, ChatPromptOptions? prompt) =>
        provider => new SeriatimChatClient(model.Access(provider), prompt ?? ChatPromptOptions.Default);

    private static Func<IServiceProvider, IEmbeddingGenerator<string, Embedding<float>>> Generator(
        ModelRegistration<TextEncoder> encoder, EmbeddingOptions? options) =>
        provider => new SeriatimEmbeddingGenerator(
            encoder.Access(provider).Select(opened => EmbeddingSource.Of(opened, options)));
}
