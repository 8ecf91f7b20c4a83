using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Seriatim.Cluster.Tests;

/// <summary>Certificates of authorities of the tests' own.</summary>
internal static class TestCertificates
{
    /// <summary>Writes a certificate with its key, and the authority's if it is not there yet.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="name">Its name.</param>
    /// <param name="authority">The authority's.</param>
    /// <param name="days">For how many days it holds, from yesterday on; 0: it is over.</param>
    /// <returns>The file.</returns>
    public static string Write(string folder, string name, string authority, int days = 10)
    {
        string above = Path.Combine(folder, $"{authority}.pem"), secret = Path.Combine(folder, $"{authority}.key");
        DateTimeOffset from = DateTimeOffset.UtcNow.AddDays(-2);
        if (!File.Exists(above))
        {
            using var root = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={authority}", root, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            using X509Certificate2 made = request.CreateSelfSigned(from, from.AddDays(30));
            File.WriteAllText(above, made.ExportCertificatePem());
            File.WriteAllText(secret, root.ExportPkcs8PrivateKeyPem());
        }

        using X509Certificate2 issuer = X509Certificate2.CreateFromPemFile(above, secret);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var own = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = own.Create(issuer, from, from.AddDays(1 + days), [1, 2, 3, (byte)name.Length]);
        string file = Path.Combine(folder, $"{name}.pem");
        File.WriteAllText(file, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        return file;
    }
}
