using System.Net;

namespace Seriatim.Cluster;

/// <summary>Which cluster a server is part of, and how patient it is with the others.</summary>
public sealed class ClusterOptions
{
    /// <summary>The least time of <see cref="Silence"/>.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Where silos find each other: <c>localhost</c>, silos of one machine, the first of which keeps the list, for development;
    /// or <c>redis://[:password@]host[:port][/database]</c> or <c>postgres://user[:password]@host[:port]/database</c>, any
    /// machines, of which any may go.
    /// </summary>
    public string Membership { get; set; } = "localhost";

    /// <summary>Name of the cluster: silos with another one do not see each other.</summary>
    public string Name { get; set; } = "seriatim";

    /// <summary>
    /// Port at which the other silos reach this one. With <c>localhost</c> the silo at <see cref="FirstPort"/> keeps the list.
    /// </summary>
    public int Port { get; set; } = FirstPort;

    /// <summary>
    /// Address at which the other silos reach this one; null: this machine's own, of <c>localhost</c> 127.0.0.1.
    /// </summary>
    public IPAddress? Address { get; set; }

    /// <summary>
    /// How long a silo may say nothing before what it runs for this one goes on elsewhere. A silo that was only slow costs
    /// computing twice, and nothing else.
    /// </summary>
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a durable request is kept after it was last stored: until then its client may come again at any server. With
    /// <c>localhost</c> it is kept in the memory of the silos, and may go with one of them.
    /// </summary>
    public TimeSpan DurableTime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// File of this silo's certificate (PEM or PFX): with it all between silos is encrypted, and each shows the other who it is.
    /// Null: nothing is, and no certificate is asked for.
    /// </summary>
    public string? Certificate { get; set; }

    /// <summary>PEM file of the certificate's private key; null: it is in the certificate's file.</summary>
    public string? CertificateKey { get; set; }

    /// <summary>Password of a PFX file; null: it has none.</summary>
    public string? CertificatePassword { get; set; }

    /// <summary>PEM file of the authority whose certificates all silos have; needed with <see cref="Certificate"/>.</summary>
    public string? Authority { get; set; }

    /// <summary>No replica has more than so many times the mean of requests; from 1.</summary>
    public double LoadFactor { get; set; } = 1.5;

    /// <summary>What decides where a request goes.</summary>
    public ClusterRouting Routing { get; set; }

    /// <summary>The port of the silo that keeps the list with <c>localhost</c>.</summary>
    public const int FirstPort = 11111;

    /// <summary>After how long without a token a silo says that it lives.</summary>
    internal TimeSpan Heartbeat => Silence / 4;

    /// <summary>
    /// How long a run goes on that nobody asks for. Longer than a client may take nothing of its stream
    /// (<see cref="Server.SeriatimServerOptions.StallTimeout"/>).
    /// </summary>
    internal TimeSpan Lease => TimeSpan.FromSeconds(90) + Silence;

    /// <summary>How long the store of durable requests may take to answer.</summary>
    internal TimeSpan StorePatience => Silence * 2;

    /// <summary>How often silos tell each other how they are.</summary>
    internal TimeSpan ReportTime => Silence / 2;

    /// <summary>Most updates of one answer: what a step of speculation and a reader who was away for a moment leave.</summary>
    internal int MostUpdates { get; set; } = 256;

    /// <summary>
    /// Port of the silo of this machine that keeps the list; other than <see cref="FirstPort"/> in tests alone.
    /// </summary>
    internal int ListPort { get; set; } = FirstPort;

    /// <summary>Takes over what others say.</summary>
    internal void Take(ClusterOptions other) =>
        (Membership, Name, Port, Address, Silence, LoadFactor, Routing, ListPort, DurableTime, Certificate, CertificateKey,
            CertificatePassword, Authority) = (other.Membership, other.Name, other.Port, other.Address, other.Silence,
            other.LoadFactor, other.Routing, other.ListPort, other.DurableTime, other.Certificate, other.CertificateKey,
            other.CertificatePassword, other.Authority);

    /// <exception cref="ClusterConfigurationException">An option has a value that is not allowed.</exception>
    internal void Check()
    {
        if (Name.Length == 0 || Name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')))
            throw new ClusterConfigurationException($"The cluster's name is {Name}; letters, digits, - _ and . are allowed.");
        if (Port is < 1 or > 65535)
            throw new ClusterConfigurationException($"The port between silos is {Port}; 1 to 65535 is allowed.");
        if (Silence < Shortest)
            throw new ClusterConfigurationException($"Silence is {Silence}; {Shortest} or more is allowed.");
        if (DurableTime < TimeSpan.FromSeconds(10) || DurableTime > TimeSpan.FromDays(30))
        {
            throw new ClusterConfigurationException(
                $"DurableTime is {DurableTime}; {TimeSpan.FromSeconds(10)} to 30 days are allowed.");
        }

        if (!(LoadFactor >= 1))
            throw new ClusterConfigurationException($"LoadFactor is {LoadFactor}; 1 or more is allowed.");
        if (!Enum.IsDefined(Routing))
        {
            throw new ClusterConfigurationException(
                $"Routing is {Routing}; {string.Join(", ", Enum.GetNames<ClusterRouting>())} are allowed.");
        }

        ClusterStores.Parse(Membership).Dispose();
        SiloCertificate.Read(this)?.Dispose();
    }
}
