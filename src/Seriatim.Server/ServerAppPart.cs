using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Seriatim.Server;

/// <summary>What the app has beside the API: the page, which stands above this project.</summary>
/// <param name="Add">Adds its services.</param>
/// <param name="Map">Maps its endpoints.</param>
internal sealed record ServerAppPart(Action<IServiceCollection> Add, Action<WebApplication> Map);
