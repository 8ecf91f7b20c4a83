using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>A model that is added to a container, of whatever kind it is.</summary>
/// <typeparam name="T">The kind.</typeparam>
/// <param name="Key">Its key in the container; null: it has none.</param>
/// <param name="Open">Opens it.</param>
/// <param name="EngineOf">Its engine.</param>
internal sealed record ModelRegistration<T>(
    object? Key, Func<string, LanguageModelOptions?, CancellationToken, Task<T>> Open, Func<T, GenerationEngine> EngineOf)
    where T : class, IDisposable, IAsyncDisposable
{
    // A key of its own: each model that is added is opened, also where several are of one kind and the last is the one that is
    // asked for.
    private readonly object _own = new();

    /// <summary>Adds the model under a name, with options that stand in code.</summary>
    public ModelRegistration<T> AddTo(IServiceCollection services, string model, LanguageModelOptions? options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(model);
        return AddTo(services, _ => (model, options ?? new LanguageModelOptions()));
    }

    /// <summary>Adds the model that a section of the configuration names.</summary>
    public ModelRegistration<T> AddTo(IServiceCollection services, IConfigurationSection section,
        Action<SeriatimModelOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);
        string name = $"{section.Path}/{Guid.NewGuid():N}";
        OptionsBuilder<SeriatimModelOptions> builder = services.AddOptions<SeriatimModelOptions>(name)
            .Configure(options => ModelOptionsReader.Read(section, options));
        if (configure is not null)
            builder.Configure(configure);
        services.AddSingleton<IValidateOptions<SeriatimModelOptions>>(new Validation(name, section.Path));
        builder.ValidateOnStart();
        return AddTo(services, provider =>
        {
            SeriatimModelOptions options = provider.GetRequiredService<IOptionsMonitor<SeriatimModelOptions>>().Get(name);
            return (options.Model, options.ToOptions());
        });
    }

    /// <summary>The model, for what waits until it is open.</summary>
    public ModelAccess<T> Access(IServiceProvider provider) => Service(provider).Access;

    private ModelService<T> Service(IServiceProvider provider) => provider.GetRequiredKeyedService<ModelService<T>>(_own);

    private ModelRegistration<T> AddTo(IServiceCollection services,
        Func<IServiceProvider, (string Model, LanguageModelOptions Options)> settings)
    {
        services.AddKeyedSingleton(_own, (provider, _) =>
        {
            (string model, LanguageModelOptions options) = settings(provider);
            options = options with
            {
                LoggerFactory = options.LoggerFactory ?? provider.GetService<ILoggerFactory>(),
                Host = options.Host ?? provider.GetService<EngineHost>(),
            };
            return new ModelService<T>(model, token => Open(model, options, token), EngineOf);
        });
        services.AddSingleton<IHostedService>(Service);
        services.AddSingleton<IModelService>(Service);
        if (Key is null)
            services.AddSingleton(provider => Service(provider).Value);
        else
            services.AddKeyedSingleton(Key, (provider, _) => Service(provider).Value);
        return this;
    }

    private sealed class Validation(string name, string section) : IValidateOptions<SeriatimModelOptions>
    {
        public ValidateOptionsResult Validate(string? asked, SeriatimModelOptions options) =>
            asked != name ? ValidateOptionsResult.Skip
            : ModelOptionsReader.Check(section, options) is { } problem ? ValidateOptionsResult.Fail(problem)
            : ValidateOptionsResult.Success;
    }
}
