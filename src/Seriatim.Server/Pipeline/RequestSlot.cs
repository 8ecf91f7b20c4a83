namespace Seriatim.Server;

/// <summary>
/// The place of a request among those that run: in the server, which waits for it when it stops, and in its client's limits.
/// Dispose it when what was asked for has ended, which may be after its answer.
/// </summary>
internal sealed class RequestSlot : IDisposable
{
    private readonly ServerState _state;
    private readonly ClientBudget? _budget;
    private int _isLeft;

    private RequestSlot(ServerState state, ClientBudget? budget) => (_state, _budget) = (state, budget);

    /// <summary>Takes a place.</summary>
    /// <exception cref="ApiException">There is none: the server stops, or the client has all that it may have.</exception>
    public static RequestSlot Take(ApiCall call) => Take(call.Server.State, call.Client);

    /// <summary>Takes a place for what a client asks by another way than the pipeline: the page's own looks.</summary>
    /// <exception cref="ApiException">There is none: the server stops, or the client has all that it may have.</exception>
    public static RequestSlot Take(ServerState state, ApiClient client)
    {
        state.Enter();
        try
        {
            client.Budget?.Enter();
        }
        catch
        {
            state.Leave();
            throw;
        }

        return new RequestSlot(state, client.Budget);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isLeft, 1) != 0)
            return;
        _budget?.Leave();
        _state.Leave();
    }
}
