using Seriatim.Server;
using Seriatim.Web.Shell;

namespace Seriatim.Web.Calls;

/// <summary>
/// What the page asks of the library itself because the API does not tell it: one thing at a time for each tab, within the
/// limits of the key that its user showed, counted in tokens as his requests are.
/// </summary>
/// <param name="core">The server.</param>
/// <param name="session">Whose key.</param>
internal sealed class InsideCalls(ServerCore core, PageSession session)
{
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Opens a model, or finds it open. Dispose it after use.</summary>
    public async Task<ModelUse> UseAsync(string model, CancellationToken cancellationToken)
    {
        try
        {
            return await core.Models.Find(model).UseAsync(cancellationToken);
        }
        catch (ApiException refused)
        {
            throw Said(refused);
        }
    }

    /// <summary>Has a model read something.</summary>
    /// <param name="model">Its name.</param>
    /// <param name="read">Reads.</param>
    /// <param name="tokensOf">How many tokens were read for a result.</param>
    /// <param name="cancellationToken">Gives up while it waits for its turn.</param>
    /// <exception cref="ApiFailure">The key has used up what it may use, or the server stops.</exception>
    public async Task<T> ReadAsync<T>(
        string model, Func<Task<T>> read, Func<T, int> tokensOf, CancellationToken cancellationToken)
    {
        // No ConfigureAwait here: who reads changes what his page shows, which is for the page's own thread to do.
        await _turn.WaitAsync(cancellationToken);
        try
        {
            ApiClient client = core.Keys.Find(session.Key);
            using RequestSlot slot = RequestSlot.Take(core.State, client);
            T result = await read();
            int tokens = tokensOf(result);
            client.Budget?.Count(tokens);
            core.Metrics.CountRead(model, tokens);
            return result;
        }
        catch (ApiException refused)
        {
            throw Said(refused);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Does something while nothing is being read.</summary>
    public async Task BetweenAsync(Action what)
    {
        await _turn.WaitAsync();
        try
        {
            what();
        }
        finally
        {
            _turn.Release();
        }
    }

    private static ApiFailure Said(ApiException refused) =>
        new(refused.Error.Status, refused.Error.Code, refused.Error.Message);
}
