using System.Diagnostics;

namespace Seriatim.Cluster.Storm;

/// <summary>
/// A network of its own for each silo, all at one bridge, so that packets between two of them can be dropped. Needs root and
/// iproute2.
/// </summary>
internal sealed class StormNetwork : IDisposable
{
    private const string Nowhere = "02:00:00:00:00:99";

    private readonly string _prefix = $"st{Environment.ProcessId % 10000}";
    private readonly int _silos;
    private readonly bool _isShared;

    /// <param name="silos">How many.</param>
    /// <param name="isShared">Whether all use this machine's own network.</param>
    public StormNetwork(int silos, bool isShared)
    {
        (_silos, _isShared) = (silos, isShared);
        if (isShared)
            return;
        Run($"link add {_prefix} type bridge");
        Run($"addr add {Host}/24 dev {_prefix}");
        Run($"link set {_prefix} up");
        for (int i = 0; i < silos; i++)
        {
            string space = SpaceOf(i);
            Run($"netns add {space}");
            Run($"link add {space}o type veth peer name {space}i");
            Run($"link set {space}i netns {space}");
            Run($"link set {space}o master {_prefix}");
            Run($"link set {space}o up");
            Run($"netns exec {space} ip addr add {AddressOf(i)}/24 dev {space}i");
            Run($"netns exec {space} ip link set {space}i up");
            Run($"netns exec {space} ip link set lo up");
        }
    }

    /// <summary>Address of Redis and of the clients.</summary>
    public string Host => _isShared ? "127.0.0.1" : "10.77.0.254";

    public string AddressOf(int silo) => _isShared ? $"127.0.0.{silo + 11}" : $"10.77.0.{silo + 1}";

    /// <summary>The command of a silo, in its network.</summary>
    public IEnumerable<string> Within(int silo, IEnumerable<string> command) =>
        _isShared ? command : ["ip", "netns", "exec", SpaceOf(silo), .. command];

    /// <summary>Drops all packets between two silos, or no longer: what they send goes to an address that nobody has.</summary>
    public bool Cut(int one, int other, bool isCut)
    {
        if (_isShared)
            return false;
        foreach ((int from, int to) in new[] { (one, other), (other, one) })
        {
            string space = SpaceOf(from);
            Run(isCut ? $"netns exec {space} ip neigh replace {AddressOf(to)} lladdr {Nowhere} dev {space}i nud permanent"
                : $"netns exec {space} ip neigh del {AddressOf(to)} dev {space}i");
        }

        return true;
    }

    public void Dispose()
    {
        if (_isShared)
            return;
        for (int i = 0; i < _silos; i++)
            Run($"netns del {SpaceOf(i)}");
        Run($"link del {_prefix}");
    }

    private static void Run(string arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("ip", arguments.Split(' ')) { RedirectStandardError = true })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"ip {arguments}: {error.Trim()} Networks of their own need root; without, "
                + "--one-network does all but cutting silos off.");
        }
    }

    private string SpaceOf(int silo) => $"{_prefix}{(char)('a' + silo)}";
}
