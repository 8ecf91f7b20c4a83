using System.Collections.Concurrent;
using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Seriatim.Web.Shell;

/// <summary>
/// <c>GET /page/assets/{hash}/{name}</c>: scripts and styles, which lie in this assembly. Their address has the hash of their
/// bytes, so browsers keep them for good.
/// </summary>
internal static class PageAssets
{
    public const string Route = "/page/assets/{hash}/{name}";

    private static readonly Assembly Own = typeof(PageAssets).Assembly;
    private static readonly ConcurrentDictionary<string, Asset> All = new(StringComparer.Ordinal);

    /// <summary>The address of a file, relative to the page's.</summary>
    /// <exception cref="InvalidOperationException">There is none of that name.</exception>
    public static string Of(string name) => Find(name) is { } asset ? $"page/assets/{asset.Hash}/{name}"
        : throw new InvalidOperationException($"There is no file {name} in {Own.GetName().Name}.");

    /// <summary>Whether there is a file: what the build takes from npm may be missing.</summary>
    public static bool Has(string name) => Find(name) is not null;

    public static async Task HandleAsync(HttpContext http)
    {
        HttpResponse response = http.Response;
        if (Find($"{http.GetRouteValue("name")}") is not { } asset)
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        response.ContentType = asset.Type;
        bool isNewest = asset.Hash == $"{http.GetRouteValue("hash")}";
        response.Headers.CacheControl = isNewest ? "public, max-age=31536000, immutable" : "no-cache";
        response.Headers.Vary = "Accept-Encoding";
        bool isZipped = $"{http.Request.Headers.AcceptEncoding}".Contains("gzip", StringComparison.Ordinal);
        if (isZipped)
            response.Headers.ContentEncoding = "gzip";
        byte[] bytes = isZipped ? asset.Zipped.Value : asset.Bytes;
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes, http.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Names that are not there are not kept: anybody may ask for any.</summary>
    private static Asset? Find(string name) =>
        All.TryGetValue(name, out Asset? known) ? known : Read(name) is { } read ? All.GetOrAdd(name, read) : null;

    private static Asset? Read(string name)
    {
        using Stream? stream = Own.GetManifestResourceStream($"page/{name}") ?? ReadChart(name);
        if (stream is null)
            return null;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        string type = Path.GetExtension(name) switch
        {
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "application/octet-stream",
        };
        return new Asset(bytes, new Lazy<byte[]>(() => Zip(bytes)), Convert.ToHexStringLower(SHA256.HashData(bytes))[..12], type);
    }

    /// <summary>What reports draw their charts with, which lies where they are made.</summary>
    private static Stream? ReadChart(string name) => name is "uplot.js" or "uplot.css" or "charts.js"
        ? typeof(Seriatim.Training.TrainingPage).Assembly.GetManifestResourceStream(name) : null;

    private static byte[] Zip(byte[] bytes)
    {
        var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Optimal))
            gzip.Write(bytes);
        return zipped.ToArray();
    }

    private sealed record Asset(byte[] Bytes, Lazy<byte[]> Zipped, string Hash, string Type);
}
