using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MudBlazor.Services;
using Seriatim.Web.Calls;
using Seriatim.Web.Chat;
using Seriatim.Web.Models;
using Seriatim.Web.Shell;
using Seriatim.Web.Translate;

namespace Seriatim.Web;

/// <summary>
/// The page in an app of ASP.NET Core that has Seriatim's server: <c>AddSeriatimPage</c>, then <c>MapSeriatimPage</c>.
/// </summary>
public static class SeriatimPageExtensions
{
    private const string Reflection = "Razor components are found by reflection; a trimmed or native program has no page.";

    /// <summary>Adds what the page needs.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Changes how it works.</param>
    [RequiresUnreferencedCode(Reflection)]
    public static IServiceCollection AddSeriatimPage(
        this IServiceCollection services, Action<SeriatimPageOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = new SeriatimPageOptions();
        configure?.Invoke(options);
        services.AddSingleton<Engine.EngineMachine>().AddSingleton<Work.LongWork>();
        services.AddSingleton<Lab.LabWork>().AddHostedService(provider => provider.GetRequiredService<Lab.LabWork>());
        services.AddSingleton<Training.TrainingWork>()
            .AddHostedService(provider => provider.GetRequiredService<Training.TrainingWork>());
        services.AddSingleton(options).AddSingleton<ServerAddress>().AddSingleton<PageCookies>();
        services.AddSingleton<ConversationStore>().AddSingleton<ChatRunner>();
        services.AddSingleton<ModelWork>();
        services.AddScoped<PageSession>().AddScoped<PageApi>().AddScoped<InsideCalls>().AddScoped<TranslateInside>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, PageOrApi>());
        services.AddRouting();
        services.AddDataProtection();
        services.AddRazorComponents().AddInteractiveServerComponents(server => server.DetailedErrors = false)
            .AddHubOptions(hub => hub.MaximumReceiveMessageSize = 8 << 20);
        services.AddMudServices();
        return services;
    }

    /// <summary>Maps the page at <c>/</c>, for browsers; who does not accept HTML gets the API's answers as before.</summary>
    /// <param name="endpoints">The app.</param>
    [RequiresUnreferencedCode(Reflection)]
    public static void MapSeriatimPage(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        endpoints.MapGet(PageAssets.Route, PageAssets.HandleAsync).Add(Guard);
        endpoints.MapGet(Work.PageReports.Route, Work.PageReports.HandleAsync).Add(Guard);
        endpoints.MapPost(PageKey.Path, PageKey.HandleAsync).DisableAntiforgery().Add(Guard);

        // The page has no forms that the framework would read, so it needs none of its tokens; the guard refuses other sites.
        RazorComponentsEndpointConventionBuilder page = endpoints.MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(server => server.ContentSecurityFrameAncestorsPolicy = null);
        page.DisableAntiforgery().Add(Guard);
        page.Add(endpoint =>
        {
            if (endpoint is RouteEndpointBuilder { RoutePattern.RawText: { } route }
                && PageViews.All.Any(view => view.Route == route))
                endpoint.Metadata.Add(new PageOrApi.Mark());
        });
    }

    private static void Guard(EndpointBuilder endpoint)
    {
        if (endpoint.RequestDelegate is { } inner)
            endpoint.RequestDelegate = PageGuard.Around(inner);
    }
}
