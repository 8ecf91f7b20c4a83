using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Seriatim.Cluster;

/// <summary>
/// By what a silo shows the others who it is, and knows them: all have a certificate of one authority. Names in certificates mean
/// nothing, as silos find each other by address: the authority is the cluster's own and gives certificates to its silos alone.
/// </summary>
internal sealed class SiloCertificate : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private const string Pem = "-----BEGIN ";

    private readonly X509Certificate2Collection _authority;

    private SiloCertificate(X509Certificate2 own, X509Certificate2Collection authority)
    {
        (Own, _authority) = (own, authority);
        Authority = Convert.ToHexStringLower(SHA256.HashData([.. authority.SelectMany(one => one.RawData)]))[..12];
    }

    /// <summary>The silo's own.</summary>
    public X509Certificate2 Own { get; }

    /// <summary>The authority's certificates, told apart: the beginning of a hash of them.</summary>
    public string Authority { get; }

    /// <summary>Hears of silos that are refused.</summary>
    public ILogger? Logger { get; set; }

    /// <summary>Reads the files; null: nothing is encrypted.</summary>
    /// <exception cref="ClusterConfigurationException">One is missing or wrong, or this silo would be refused by all.</exception>
    public static SiloCertificate? Read(ClusterOptions options)
    {
        if (options.Certificate is not { } file)
        {
            return options.CertificateKey is null && options.Authority is null ? null : throw new ClusterConfigurationException(
                "A key or an authority is given and no certificate; give one, too (--cluster-cert).");
        }

        if (options.Authority is not { } authority)
        {
            throw new ClusterConfigurationException("A certificate is given and no authority, so nobody could be trusted; give "
                + "the file of the one that all silos have theirs from (--cluster-ca).");
        }

        var own = new SiloCertificate(ReadOwn(options, file), ReadAuthority(authority));
        if (own.Refusal(own.Own) is not { } refusal)
            return own;
        own.Dispose();
        throw new ClusterConfigurationException($"The certificate in {file} would be refused by the other silos: {refusal}");
    }

    /// <summary>Why a certificate is refused; null: it is not.</summary>
    public string? Refusal(X509Certificate2? certificate)
    {
        if (certificate is null)
            return "It has no certificate.";
        using var chain = new X509Chain
        {
            ChainPolicy =
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            },
        };
        chain.ChainPolicy.CustomTrustStore.AddRange(_authority);
        chain.ChainPolicy.ExtraStore.AddRange(_authority);
        return chain.Build(certificate) ? null : $"{certificate.Subject}: "
            + string.Join(' ', chain.ChainStatus.Select(status => status.StatusInformation.Trim()).Distinct());
    }

    /// <summary>Whether another silo is let in.</summary>
    public bool Trusts(X509Certificate2? certificate)
    {
        string? refusal = Refusal(certificate);
        if (refusal is not null && Logger is { } logger)
            ClusterLog.CertificateRefused(logger, refusal);
        return refusal is null;
    }

    /// <summary>Takes no part: it is only made before the first connection.</summary>
    public void Participate(ISiloLifecycle observer)
    {
    }

    public void Dispose()
    {
        Own.Dispose();
        foreach (X509Certificate2 one in _authority)
            one.Dispose();
    }

    private static X509Certificate2 ReadOwn(ClusterOptions options, string file) => Reading(file, () =>
    {
        if (!IsPem(file))
        {
            if (options.CertificateKey is not null)
                throw new ClusterConfigurationException($"{file} is a PFX file and has its key in it; leave the key's file out.");
            X509Certificate2 pfx = X509CertificateLoader.LoadPkcs12FromFile(file, options.CertificatePassword);
            return pfx.HasPrivateKey ? pfx : throw new ClusterConfigurationException($"{file} has no private key.");
        }

        using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(file, options.CertificateKey);

        // As systems whose TLS does not take keys that exist in memory alone want it.
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    });

    private static X509Certificate2Collection ReadAuthority(string file) => Reading(file, () =>
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPemFile(file);
        return all.Count > 0 ? all : throw new ClusterConfigurationException($"{file} has no certificate in it.");
    });

    private static bool IsPem(string file)
    {
        string text = File.ReadAllText(file);
        return text.Contains(Pem, StringComparison.Ordinal);
    }

    private static T Reading<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ClusterConfigurationException($"{file} cannot be read: {failure.Message}");
        }
    }
}
