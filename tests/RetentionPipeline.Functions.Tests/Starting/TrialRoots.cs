using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RetentionPipeline.Functions.Tests.Starting;

/// <summary>A PEM file with a certificate that nothing was signed by, as long as it is not disposed.</summary>
internal sealed class TrialRoots : IDisposable
{
    private readonly string file;

    public TrialRoots(string file)
    {
        this.file = file;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=trial", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2046, 1, 1, 0, 0, 0, TimeSpan.Zero));
        File.WriteAllText(file, certificate.ExportCertificatePem());
    }

    public void Dispose() => File.Delete(file);
}
