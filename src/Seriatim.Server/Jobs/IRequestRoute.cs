using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// Where requests run when it is not simply the engine of this server: the one seam, behind which a cluster stands. What a
/// request gives depends on it alone, so no protocol knows of the route.
/// </summary>
internal interface IRequestRoute
{
    /// <summary>Begins a request somewhere.</summary>
    /// <param name="use">The model, open here for as long as the request runs.</param>
    /// <param name="request">What to generate.</param>
    /// <param name="kept">What is kept of it for other servers; null: nothing.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <returns>Its stream and result, as an engine gives them.</returns>
    /// <exception cref="GenerationException">It is refused.</exception>
    /// <exception cref="ApiException">It cannot be kept, or was begun with another model.</exception>
    Task<GenerationHandle> SubmitAsync(
        ModelUse use, GenerationRequest request, KeptPart? kept, CancellationToken cancellationToken);

    /// <summary>Has a request kept, from when it is submitted.</summary>
    IKeptRequest Keep(KeptHead head);

    /// <summary>Goes on with a request in place of whoever has it; null: there is none of that number and owner.</summary>
    /// <exception cref="ApiException">What is kept cannot be reached.</exception>
    Task<IKeptRequest?> TakeAsync(string number, string owner);

    /// <summary>
    /// Follows a request where somebody has it, and goes on with it where nobody has; null: there is none of that number and
    /// owner.
    /// </summary>
    /// <exception cref="ApiException">What is kept cannot be reached.</exception>
    Task<IKeptRequest?> FindAsync(string number, string owner);

    /// <summary>Forgets a request, here and at all other servers.</summary>
    Task ForgetAsync(string number);

    /// <summary>The server is about to stop: hands over what runs here for others.</summary>
    Task DrainAsync();

    /// <summary>Writes what is known of where requests can run.</summary>
    void WriteStatus(Utf8JsonWriter json);

    /// <summary>Adds its numbers to the server's.</summary>
    void WriteMetrics(MetricsText text);
}
