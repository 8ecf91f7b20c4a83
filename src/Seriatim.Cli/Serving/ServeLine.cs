using Microsoft.AspNetCore.Builder;
using Seriatim.Server;

namespace Seriatim.Cli;

/// <summary>What <c>serve --json</c> prints once the server listens.</summary>
/// <param name="Url">Where.</param>
/// <param name="Models">The models' names.</param>
internal sealed record ServeLine(string Url, IReadOnlyList<string> Models)
{
    public static ServeLine Of(WebApplication server, ServerCore core) =>
        new(server.Urls.First(), [.. core.Models.Models.Select(model => model.Name)]);
}
