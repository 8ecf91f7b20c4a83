using System.Security.Cryptography.X509Certificates;
using Seriatim.Tests;

namespace Seriatim.Cluster.Tests;

/// <summary>Certificates between silos: what is wrong is told before anything starts, and nobody is let in by it.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_silo_trusts_certificates_of_its_authority_and_no_others()
    {
        string own = TestCertificates.Write(_folder.Path, "own", "ca");
        string other = TestCertificates.Write(_folder.Path, "other", "ca");
        string foreign = TestCertificates.Write(_folder.Path, "foreign", "else");
        string old = TestCertificates.Write(_folder.Path, "old", "ca", days: 0);
        using SiloCertificate silo = SiloCertificate.Read(Options(own))!;
        Assert.True(silo.Own.HasPrivateKey);
        Assert.True(Trusts(silo, other));
        Assert.False(Trusts(silo, foreign));
        Assert.False(Trusts(silo, old));
        Assert.False(Trusts(silo, Path.Combine(_folder.Path, "else.pem")));
        Assert.False(silo.Trusts(null));
        using SiloCertificate apart = SiloCertificate.Read(Options(foreign, "else.pem"))!;
        Assert.NotEqual(ClusterMark.SpeechOf(silo), ClusterMark.SpeechOf(apart));
        Assert.NotEqual(ClusterMark.SpeechOf(silo), ClusterMark.SpeechOf(null));
    }

    [Fact]
    public void What_is_wrong_is_told_before_anything_starts()
    {
        string own = TestCertificates.Write(_folder.Path, "own", "ca");
        string foreign = TestCertificates.Write(_folder.Path, "foreign", "else");
        string old = TestCertificates.Write(_folder.Path, "old", "ca", days: 0);
        string pfx = Path.Combine(_folder.Path, "own.pfx"), nothing = Path.Combine(_folder.Path, "nothing.pem");
        using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(own);
        File.WriteAllBytes(pfx, pem.Export(X509ContentType.Pkcs12, "secret"));
        File.WriteAllText(nothing, "nothing");
        foreach ((string wrong, ClusterOptions options) in new[]
        {
            ("no authority", new ClusterOptions { Certificate = own }),
            ("no certificate", new ClusterOptions { Authority = Path.Combine(_folder.Path, "ca.pem") }),
            ("no certificate", new ClusterOptions { CertificateKey = own }),
            ("would be refused", Options(foreign)),
            ("would be refused", Options(old)),
            ("cannot be read", Options(pfx)),
            ("cannot be read", Options(nothing)),
            ("cannot be read", Options(Path.Combine(_folder.Path, "gone.pem"))),
            ("no certificate in it", Options(own, "nothing.pem")),
        })
        {
            Assert.Contains(wrong, Assert.Throws<ClusterConfigurationException>(options.Check).Message);
        }

        ClusterOptions right = Options(pfx);
        right.CertificatePassword = "secret";
        right.Check();
    }

    private static bool Trusts(SiloCertificate silo, string file)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(file);
        return silo.Trusts(certificate);
    }

    private ClusterOptions Options(string certificate, string authority = "ca.pem") =>
        new() { Certificate = certificate, Authority = Path.Combine(_folder.Path, authority) };
}
