using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Seriatim.Server;

/// <summary>
/// The places where a server will listen, taken before anything else is done: that another program has one costs nothing then.
/// Who connects before the server listens is refused, as where nobody is.
/// </summary>
internal sealed class ListenPlaces : IDisposable
{
    private readonly List<(IPEndPoint Asked, Socket Socket)> _places = [];

    /// <summary>Takes them.</summary>
    /// <exception cref="SocketException">One cannot be had.</exception>
    public void Reserve(ServerAppOptions app)
    {
        foreach (IPAddress address in ServerApp.AddressesOf(app))
        {
            var place = new IPEndPoint(address, app.Port);
            _places.Add((place, SocketTransportOptions.CreateDefaultBoundListenSocket(place)));
        }
    }

    /// <summary>The socket of a place, for who listens there from now on.</summary>
    public Socket Take(EndPoint asked)
    {
        int found = _places.FindIndex(place => place.Asked.Equals(asked));
        if (found < 0)
            return SocketTransportOptions.CreateDefaultBoundListenSocket(asked);
        Socket socket = _places[found].Socket;
        _places.RemoveAt(found);
        return socket;
    }

    /// <summary>Gives those back that nobody has taken.</summary>
    public void Dispose()
    {
        foreach ((_, Socket socket) in _places)
            socket.Dispose();
        _places.Clear();
    }
}
