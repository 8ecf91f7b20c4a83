using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.Extensions.Logging;
using Seriatim.Cluster;
using Seriatim.Server;
using Seriatim.Simulation;

namespace Seriatim.Cli;

/// <summary>The flags that make a server one of several.</summary>
internal sealed class ClusterFlags
{
    private readonly Option<string?> _cluster = Flag.Maybe<string>("Share requests with other servers, and lose no stream when "
        + "one of them goes: localhost for those of this machine (the first must stay); redis://HOST[:PORT] or "
        + "postgres://USER@HOST[:PORT]/DATABASE (password in PGPASSWORD) for any.",
        "address", "--cluster");

    private readonly Option<string> _name = Flag.Of("Name of the cluster; servers with another name do not see each other.",
        "name", "seriatim", "--cluster-name");

    private readonly Option<int> _port = Flag.Of("Port at which the other servers reach this one; 0: 11111 if it is free, else "
        + "one that is.", "port", 0, "--cluster-port");

    private readonly Option<string?> _address = Flag.Maybe<string>("Address at which the other servers reach this one. Default: "
        + "this machine's own; with --cluster localhost 127.0.0.1.", "address", "--cluster-address");

    private readonly Option<string> _silence = Flag.Of("How long another server may say nothing before its streams go on "
        + "elsewhere: 2, 500ms, 1m.", "time", "2", "--cluster-silence");

    private readonly Option<string> _routing = Flag.Of("What decides where a request goes: prefix (where most of its prompt is "
        + "computed already, unless that server is busy), least-load or round-robin. Changes no answer.", "name", "prefix",
        "--cluster-routing");

    private readonly Option<string> _keep = Flag.Of("How long a durable request is kept, for a client that comes again at any "
        + "server: 1h, 30m, 600.", "time", "1h", "--cluster-keep");

    private readonly Option<FileInfo?> _certificate = Flag.Maybe<FileInfo>("This server's certificate, to the others and from "
        + "them: a PEM file, or a PFX file whose password, if it has one, is in SERIATIM_CLUSTER_PASSWORD. Without it nothing "
        + "between servers is encrypted.", "file", "--cluster-cert");

    private readonly Option<FileInfo?> _key = Flag.Maybe<FileInfo>("The PEM file of its private key. Default: it is in the file "
        + "of the certificate.", "file", "--cluster-key");

    private readonly Option<FileInfo?> _authority = Flag.Maybe<FileInfo>("The PEM file of the authority whose certificates the "
        + "other servers must have.", "file", "--cluster-ca");

    public IEnumerable<Option> All =>
        [_cluster, _name, _port, _address, _silence, _routing, _keep, _certificate, _key, _authority];

    /// <summary>Whether there are clusters; a native build has none, and all of Orleans is left out of it.</summary>
    [FeatureSwitchDefinition("Seriatim.Cluster")]
    public static bool Exists => !AppContext.TryGetSwitch("Seriatim.Cluster", out bool isThere) || isThere;

    /// <summary>The cluster as a part of the server's app; null: the server is in none.</summary>
    /// <exception cref="UsageException">A flag has a value that is not allowed, or does nothing.</exception>
    public ServerAppPart? Part(ParseResult result)
    {
        result.Require(result.GetValue(_cluster) is not null, "--cluster", [.. All.Skip(1)]);
        if (result.GetValue(_cluster) is not { } membership)
            return null;
        if (!Exists)
        {
            throw new UserErrorException("This program was compiled ahead as one native file, which is part of no cluster. "
                + "Install the tool (dotnet tool install -g Seriatim.Cli) or build without PublishAot.");
        }

        IPAddress? address = null;
        if (result.GetValue(_address) is { } text && !IPAddress.TryParse(text, out address))
            throw new UsageException($"--cluster-address is {text}; an address of this machine is needed: 10.0.0.7.");
        int port = result.GetValue(_port);
        if (port is < 0 or > 65535)
            throw new UsageException($"--cluster-port is {port}; 0 to 65535 is allowed.");
        var options = new ClusterOptions
        {
            Membership = membership,
            Name = result.GetRequiredValue(_name),
            Port = TakePort(address ?? (membership == "localhost" ? IPAddress.Loopback : null), port),
            Address = address,
            Silence = Silence(result.GetRequiredValue(_silence)),
            Routing = RoutingNames.Find(result.GetRequiredValue(_routing)) ?? throw new UsageException("--cluster-routing is "
                + $"{result.GetRequiredValue(_routing)}; {string.Join(", ", RoutingNames.Names)} are there."),
            DurableTime = Amounts.Time("--cluster-keep", result.GetRequiredValue(_keep), TimeSpan.FromDays(30)),
            Certificate = result.GetValue(_certificate)?.FullName,
            CertificateKey = result.GetValue(_key)?.FullName,
            CertificatePassword = Environment.GetEnvironmentVariable("SERIATIM_CLUSTER_PASSWORD"),
            Authority = result.GetValue(_authority)?.FullName,
        };
        try
        {
            options.Check();
        }
        catch (ClusterConfigurationException failure)
        {
            throw new UsageException(failure.Message);
        }

        return new ServerAppPart(builder =>
        {
            if (!Exists)
                return;

            // What Orleans notices beside it is for those who develop it; what users need to know, the cluster tells.
            builder.Logging.AddFilter("Orleans", LogLevel.Error)
                .AddFilter("Seriatim.Cluster.ReplicaService", LogLevel.Error);
            builder.AddSeriatimCluster(cluster => cluster.Take(options));
        }, _ => { });
    }

    private static TimeSpan Silence(string text) => text.EndsWith("ms", StringComparison.Ordinal)
        && int.TryParse(text[..^2], out int milliseconds) && milliseconds >= 0 ? TimeSpan.FromMilliseconds(milliseconds)
            : Amounts.Time("--cluster-silence", text, TimeSpan.FromHours(1));

    /// <summary>The port that was given, or the usual one if nobody has it, else one that is free.</summary>
    private static int TakePort(IPAddress? address, int port)
    {
        foreach (int one in port != 0 ? new[] { port } : [ClusterOptions.FirstPort, 0, 0, 0])
        {
            if (ClusterPort.TryTake(address, one) is { } taken)
                return taken;
        }

        throw new UserErrorException(port == 0 ? "No port is free for the cluster; give one with --cluster-port."
            : $"Port {port} is taken by another program; give another one with --cluster-port (0: one that is free).");
    }
}
