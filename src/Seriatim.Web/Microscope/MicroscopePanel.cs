using Microsoft.AspNetCore.Components;
using Seriatim.Web.Shell;

namespace Seriatim.Web.Microscope;

/// <summary>
/// A part of the microscope that asks for what it shows while it is open, and once for each place one looks at.
/// </summary>
public abstract class MicroscopePanel : PageComponent, IDisposable
{
    private CancellationTokenSource? _load;
    private object? _shown;

    /// <summary>What lies under the microscope.</summary>
    [Parameter, EditorRequired]
    public MicroscopeBench Bench { get; set; } = null!;

    /// <summary>What went wrong; null: nothing.</summary>
    protected Exception? Failure { get; private set; }

    /// <summary>Whether it waits for values.</summary>
    protected bool IsBusy { get; private set; }

    /// <summary>What its values depend on: they are asked for again when it changes.</summary>
    protected virtual object Place => Bench.Version;

    /// <summary>Asks for its values.</summary>
    /// <param name="cancellationToken">Cancelled when the panel is closed.</param>
    protected abstract Task LoadAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        object place = Place;
        if (place.Equals(_shown))
            return;
        (_shown, IsBusy, Failure) = (place, true, null);

        // What was asked for before is of no use any more: it does not even begin.
        _load?.Cancel();
        CancellationTokenSource load = _load = new CancellationTokenSource();
        try
        {
            await LoadAsync(load.Token);
        }
        catch (OperationCanceledException) when (load.IsCancellationRequested)
        {
            // Closed meanwhile, or one looks elsewhere.
        }
        catch (SeriatimException failure) when (_load == load)
        {
            Failure = failure;
        }
        catch (SeriatimException)
        {
            // Of a place that nobody looks at any more.
        }
        finally
        {
            if (_load == load)
                IsBusy = false;
        }
    }

    /// <summary>Closes it.</summary>
    /// <param name="disposing">Whether it is closed, not forgotten.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        _load?.Cancel();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }
}
