using Microsoft.AspNetCore.Builder;

namespace Seriatim.Server;

/// <summary>What the app has beside the API: the page, an exporter of telemetry. They stand above this project.</summary>
/// <param name="Add">Adds its services and settings.</param>
/// <param name="Map">Maps its endpoints.</param>
internal sealed record ServerAppPart(Action<WebApplicationBuilder> Add, Action<WebApplication> Map);
