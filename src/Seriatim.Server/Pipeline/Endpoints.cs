namespace Seriatim.Server;

/// <summary>All that the server can be asked: the one table of endpoints.</summary>
internal static class Endpoints
{
    public static IReadOnlyList<Endpoint> All { get; } =
    [
        new ChatEndpoint(),
        new CompletionEndpoint(),
        new EmbeddingEndpoint(),
        new RerankEndpoint(),
        new ScoreEndpoint(),
        new TranslateEndpoint(),
        new FillEndpoint(),
        new ResponsesEndpoint(),
        new ResponseEndpoint(),
        new DeleteResponseEndpoint(),
        new CancelResponseEndpoint(),
        new MessagesEndpoint(),
        new CountTokensEndpoint(),
        new OllamaGenerateEndpoint(),
        new OllamaChatEndpoint(),
        new OllamaEmbedEndpoint(isOld: false),
        new OllamaEmbedEndpoint(isOld: true),
        new OllamaTagsEndpoint(),
        new OllamaShowEndpoint(),
        new OllamaPsEndpoint(),
        new OllamaPullEndpoint(),
        new OllamaVersionEndpoint(),
        new ModelsEndpoint(),
        new ModelEndpoint(),
        new TokenizeEndpoint(),
        new DetokenizeEndpoint(),
        new ApplyTemplateEndpoint(),
        new PropsEndpoint(),
        new SlotsEndpoint(),
        new EngineWatchEndpoint(),
        new RequestEndpoint(),
        new ReplayIdEndpoint(),
        new ReplayEndpoint(),
        new RootEndpoint(),
        new HealthEndpoint(),
        new ReadyEndpoint(),
        new VersionEndpoint(),
        new MetricsEndpoint(),
        new ClusterEndpoint(),
        new OpenApiEndpoint(),
    ];
}
