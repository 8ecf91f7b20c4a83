using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Orleans.Runtime;
using Seriatim.Server;

namespace Seriatim.Cluster;

/// <summary>Makes a server one of several: <c>AddSeriatimServer</c>, then <c>AddSeriatimCluster</c>.</summary>
public static class SeriatimClusterExtensions
{
    /// <summary>
    /// Adds a silo of Microsoft Orleans to the app, and puts the cluster behind the server: every endpoint takes requests
    /// as before, and each runs in whichever silo is best for it.
    /// </summary>
    /// <param name="builder">The app, to which the server was added.</param>
    /// <param name="configure">Says which cluster.</param>
    /// <exception cref="ClusterConfigurationException">An option is wrong, or there is no store of the membership.</exception>
    public static IHostApplicationBuilder AddSeriatimCluster(this IHostApplicationBuilder builder,
        Action<ClusterOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var options = new ClusterOptions();
        configure(options);
        options.Check();
        SiloCertificate? certificate = SiloCertificate.Read(options);
        IClusterStore store = ClusterStores.Parse(options.Membership);
        var mark = new ClusterMark(store, options.Name, ClusterMark.SpeechOf(certificate), TimeProvider.System);
        try
        {
            store.Connect();
            mark.RequireAsync().GetAwaiter().GetResult();
        }
        catch (ClusterConfigurationException)
        {
            store.Dispose();
            throw;
        }

        builder.Services.AddHostedService(provider =>
            new JoinWatch(options, provider.GetRequiredService<ILoggerFactory>()));
        builder.UseOrleans(silo => Configure(silo, options, store, certificate));
        builder.Services.AddSingleton(_ => new MembershipStore(store, mark));
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(provider => new SiloTable(options));
        builder.Services.AddSingleton(provider => new Replica(provider.GetRequiredService<ServerCore>(), options,
            SiloWatch.NameOf(provider.GetRequiredService<ILocalSiloDetails>().SiloAddress)));
        builder.Services.AddSingleton(provider => new Door(provider.GetRequiredService<ServerCore>(), options,
            provider.GetRequiredService<SiloTable>(), provider.GetRequiredService<Replica>(),
            store.KeptOf(provider, options),
            provider.GetRequiredService<ILoggerFactory>().CreateLogger(ClusterLog.Category)));
        builder.Services.AddSingleton<ReplicaClient>();
        builder.Services.AddHostedService<SiloWatch>();
        return builder;
    }

    private static void Configure(ISiloBuilder silo, ClusterOptions options, IClusterStore store,
        SiloCertificate? certificate)
    {
        store.AddMembership(silo, options);
        store.AddKept(silo, options);

        // No gateway: there are no clients besides the silos.
        IPAddress? address = options.Address ?? (store.IsShared ? null : IPAddress.Loopback);
        if (address is not null)
            silo.ConfigureEndpoints(address, options.Port, 0, listenOnAnyHostAddress: !IPAddress.IsLoopback(address));
        else
            silo.ConfigureEndpoints(options.Port, gatewayPort: 0, listenOnAnyHostAddress: true);
        silo.Configure<Orleans.Configuration.ClusterOptions>(cluster =>
            (cluster.ClusterId, cluster.ServiceId) = (options.Name, "seriatim"));
        silo.Services.AddSingleton<IFatalErrorHandler, SiloFault>();
        silo.Configure<ClusterMembershipOptions>(cluster =>
        {
            // Doors notice by themselves, long before; this is for the list. A silo that died is taken from it within seconds.
            cluster.ProbeTimeout = options.Silence;
            cluster.TableRefreshTimeout = TimeSpan.FromSeconds(10);
            cluster.DefunctSiloCleanupPeriod = TimeSpan.FromMinutes(10);
            cluster.DefunctSiloExpiration = TimeSpan.FromHours(1);
        });
        silo.AddGrainService<ReplicaService>();
        if (certificate is not null)
            Encrypt(silo, certificate);
    }

    /// <summary>
    /// Both ends of each connection show a certificate. There is no way around it: a silo that speaks without it is not
    /// understood, and one whose certificate is refused is not connected to.
    /// </summary>
    private static void Encrypt(ISiloBuilder silo, SiloCertificate certificate)
    {
        // Before the first connection there is somebody to be told.
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider =>
        {
            certificate.Logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger(ClusterLog.Category);
            return certificate;
        });
        silo.UseTls(certificate.Own, tls =>
        {
            tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
            tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
            tls.RemoteCertificateValidation = (other, _, _) => certificate.Trusts(other);
            tls.OnAuthenticateAsClient = (_, client) => client.TargetHost = "seriatim";
        });
    }
}
