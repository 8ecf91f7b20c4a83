namespace Seriatim.Web.Models;

/// <summary>Something that takes a while and goes on when the page is closed: a model is fetched or quantised.</summary>
/// <param name="what">What it is about: the model.</param>
/// <param name="isPull">Whether it is fetched; else it is quantised.</param>
internal sealed class ModelTask(string what, bool isPull) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    public string What => what;

    public bool IsPull => isPull;

    /// <summary>What it does now, in the words of the server.</summary>
    public string Status { get; set; } = "";

    /// <summary>How much of it is done, 0 to 1; null: nobody knows.</summary>
    public double? Part { get; set; }

    public bool IsDone { get; set; }

    public SeriatimException? Failure { get; set; }

    public bool IsRunning => !IsDone && Failure is null;

    /// <summary>Ends when it has ended, well or not.</summary>
    public Task Ended { get; set; } = Task.CompletedTask;

    public CancellationToken Stopped => _stop.Token;

    public void Stop()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended just now.
        }
    }

    public void Dispose() => _stop.Dispose();
}
