using System.Reflection;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Seriatim.Generation;

namespace Seriatim.Tests;

/// <summary>Models in a host: opened at its start, logged, healthy or not, closed at its end.</summary>
public sealed class HostingTests : IDisposable
{
    private static readonly LanguageModelOptions Small = new() { Threads = 1 };

    private readonly TempFolder _folder = new();

    public HostingTests() => TinyModels.WriteLlama(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_host_opens_every_model_when_it_starts()
    {
        using var other = new TempFolder();
        TinyModels.WriteT5(other.Path);
        var log = new ListLogger();
        IServiceCollection services = Services(log).AddSeriatimTranslator(other.Path, Small);
        services.AddSeriatim(_folder.Path, Small);
        services.AddSeriatimEncoder(_folder.Path, Small);
        services.AddHealthChecks().AddSeriatim();
        ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal(HealthStatus.Unhealthy, (await HealthAsync(provider)).Status);
        Assert.DoesNotContain(log.Lines, line => line.Text.StartsWith("Opened", StringComparison.Ordinal));

        await StartAsync(provider);
        Assert.Equal(3, log.Lines.Count(line => line.Level == LogLevel.Information && line.Text.StartsWith("Opened", StringComparison.Ordinal)));
        HealthReportEntry health = await HealthAsync(provider);
        Assert.Equal(HealthStatus.Healthy, health.Status);
        Assert.Equal(0, health.Data[$"{other.Path}: running"]);
        Assert.True((int)health.Data[$"{other.Path}: pages"] > 0);
        LanguageModel model = provider.GetRequiredService<LanguageModel>();
        Assert.Same(model, provider.GetRequiredService<IChatClient>().GetService(typeof(LanguageModel)));
        Assert.NotNull(await provider.GetRequiredService<Translator>().TranslateAsync("the cat"));

        // A model that was closed behind the container's back is not healthy.
        model.Dispose();
        HealthReportEntry closed = await HealthAsync(provider);
        Assert.Equal(HealthStatus.Unhealthy, closed.Status);
        Assert.Contains("was closed", closed.Description);
        await provider.DisposeAsync();
        Assert.Equal(3, log.Lines.Count(line => line.Text.StartsWith("Closed", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Two_models_of_a_kind_are_both_opened_and_closed_though_nobody_asks_for_them()
    {
        using var other = new TempFolder();
        TinyModels.WriteLlama(other.Path, seed: 6);
        var log = new ListLogger();
        IServiceCollection services = Services(log);
        services.AddSeriatim(_folder.Path, Small);
        services.AddSeriatim(other.Path, Small);
        ServiceProvider provider = services.BuildServiceProvider();
        await StartAsync(provider);
        Assert.Equal(2, log.Lines.Count(line => line.Text.StartsWith("Opened", StringComparison.Ordinal)));
        await provider.DisposeAsync();
        Assert.Equal(2, log.Lines.Count(line => line.Text.StartsWith("Closed", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_model_that_cannot_be_opened_stops_the_start_and_is_named()
    {
        IServiceCollection services = Services(new ListLogger());
        services.AddSeriatim("no/such/model", Small);
        services.AddHealthChecks().AddSeriatim(failureStatus: HealthStatus.Degraded);
        await using ServiceProvider provider = services.BuildServiceProvider();
        await Assert.ThrowsAsync<InvalidModelNameException>(() => StartAsync(provider));
        HealthReportEntry health = await HealthAsync(provider);
        Assert.Equal(HealthStatus.Degraded, health.Status);
        Assert.Contains("no/such/model could not be opened", health.Description);
        Assert.Throws<InvalidModelNameException>(() => provider.GetRequiredService<LanguageModel>());
    }

    [Fact]
    public async Task A_full_queue_is_degraded()
    {
        LanguageModelOptions narrow = Small with { Engine = new EngineOptions { MaxQueuedRequests = 1, MaxSequences = 1 } };
        IServiceCollection services = Services(new ListLogger());
        services.AddSeriatim(_folder.Path, narrow);
        services.AddHealthChecks().AddSeriatim();
        await using ServiceProvider provider = services.BuildServiceProvider();
        await StartAsync(provider);
        LanguageModel model = provider.GetRequiredService<LanguageModel>();
        GenerationRequest endless = model.Request("the") with { Window = new(64, 4), MaxNewTokens = 10_000_000, IgnoreEndIds = true };
        GenerationHandle first = await model.SubmitWhenFreeAsync(endless);
        while (model.Engine.Load.Running == 0)
            await Task.Delay(1);
        GenerationHandle second = model.Submit(endless);
        Assert.Equal((1, 1), (model.Engine.Load.Running, model.Engine.Load.Waiting));
        HealthReportEntry health = await HealthAsync(provider);
        Assert.Equal(HealthStatus.Degraded, health.Status);
        Assert.Contains("1 requests wait", health.Description);
        second.Cancel();
        first.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.Completion);
    }

    [Fact]
    public async Task The_log_says_how_requests_ended_and_what_is_not_applied()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "generation_config.json"), """{"guidance_scale": 2}""");
        var log = new ListLogger();
        using (LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, Small with { LoggerFactory = log }))
        {
            await model.CompleteAsync("the cat", new() { MaxNewTokens = 5, Seed = 17 });
            Assert.Throws<InvalidOptionException>(() => model.Submit(model.Request("x") with { Count = 0 }));
            GenerationRequest failing = model.Request("the cat") with { Sampling = new() { Constraints = new() { Allowed = [3], Suppressed = [3] } } };
            await Assert.ThrowsAsync<NoCandidateException>(() => model.CompleteAsync(failing));
            await WaitForAsync(() => log.Lines.Count >= 5);
        }

        Assert.Equal([SeriatimTelemetry.Name, SeriatimTelemetry.EngineCategory], log.Categories);
        Assert.Contains(log.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains("guidance_scale is 2", StringComparison.Ordinal));
        Assert.Contains(log.Lines, line => line.Level == LogLevel.Debug && line.Text.Contains("seed 17", StringComparison.Ordinal));
        Assert.Contains(log.Lines, line => line.Level == LogLevel.Debug && line.Text.Contains("Count is 0", StringComparison.Ordinal));
        Assert.Contains(log.Lines, line => line.Level == LogLevel.Error && line.Exception is NoCandidateException);
    }

    /// <summary>What a log is filtered by stays what it is.</summary>
    [Fact]
    public void Events_have_ids_of_their_own()
    {
        (int Id, string Name)[] events = [.. typeof(ModelLog).GetMethods()
            .Select(method => (method.Name, Event: method.GetCustomAttribute<LoggerMessageAttribute>()))
            .Where(method => method.Event is not null).Select(method => (method.Event!.EventId, method.Name)).Order()];
        Assert.Equal(
            [(1, "Opened"), (2, "Note"), (3, "Closed"), (4, "Ended"), (5, "Cancelled"), (6, "Failed"), (7, "Refused"),
                (8, "Overloaded"), (9, "Opening"), (10, "NotOpened"), (11, "Closing"),
                (12, "Stage")], events);
    }

    [Fact]
    public async Task Opening_and_what_stops_it_are_logged()
    {
        var log = new ListLogger();
        await Assert.ThrowsAsync<InvalidModelNameException>(() =>
            LanguageModel.OpenAsync("no/such/model", Small with { LoggerFactory = log }));
        Assert.Equal([LogLevel.Debug, LogLevel.Error], log.Lines.Select(line => line.Level));
        Assert.Contains("no/such/model could not be opened", log.Lines.Last().Text);
    }

    private static IServiceCollection Services(ListLogger log) =>
        new ServiceCollection().AddSingleton<ILoggerFactory>(log).AddSingleton(typeof(ILogger<>), typeof(Logger<>));

    private static async Task StartAsync(IServiceProvider provider)
    {
        foreach (IHostedService service in provider.GetServices<IHostedService>().Where(service => service.GetType().Namespace == "Seriatim"))
            await service.StartAsync(default);
    }

    private static async Task<HealthReportEntry> HealthAsync(IServiceProvider provider) =>
        (await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries["seriatim"];

    private static async Task WaitForAsync(Func<bool> condition)
    {
        for (int i = 0; i < 1000 && !condition(); i++)
            await Task.Delay(5);
    }
}
