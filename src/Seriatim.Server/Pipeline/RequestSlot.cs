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
    public static RequestSlot Take(ApiCall call)
    {
        call.Server.State.Enter();
        try
        {
            call.Client.Budget?.Enter();
        }
        catch
        {
            call.Server.State.Leave();
            throw;
        }

        return new RequestSlot(call.Server.State, call.Client.Budget);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isLeft, 1) != 0)
            return;
        _budget?.Leave();
        _state.Leave();
    }
}
