using System.Text.Json;
using Seriatim.Web.Calls;

namespace Seriatim.Web.Engine;

/// <content>The other silos, where the server is in a cluster: asked for every two seconds while the view is open.</content>
public sealed partial class EnginePage
{
    private static readonly TimeSpan SilosTime = TimeSpan.FromSeconds(2);

    private ClusterLine? _cluster;

    private async Task WatchSilosAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(SilosTime);
        try
        {
            do
            {
                _cluster = ClusterLine.Read(await Api.GetAsync("v1/cluster", cancellationToken));
                await InvokeAsync(StateHasChanged);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The view was left.
        }
        catch (Exception failure) when (failure is ApiFailure or JsonException or KeyNotFoundException or IOException)
        {
            // The server is in no cluster, or gone, which the rest of the view says.
        }
    }
}
