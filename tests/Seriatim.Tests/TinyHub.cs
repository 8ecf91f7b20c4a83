using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Seriatim.Tests;

/// <summary>A model hub on loopback that speaks just enough HTTP, and misbehaves on demand.</summary>
internal sealed class TinyHub : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Dictionary<string, byte[]> _files;
    private readonly bool _lists;

    /// <param name="folder">What owner/model holds.</param>
    /// <param name="lists">Whether sizes and hashes are in the listing; else they are in headers only.</param>
    public TinyHub(string folder, bool lists = true)
    {
        _lists = lists;
        _files = Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(folder, path).Replace('\\', '/'), File.ReadAllBytes);
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>First line of each request, with its range and the first letters of its token.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Close the connection after so many bytes of a file, so many times.</summary>
    public (string File, int Bytes, int Times) Break { get; set; }

    /// <summary>Send other bytes of the same length for this file.</summary>
    public string? Corrupt { get; set; }

    /// <summary>Answer file requests by sending the client to this host.</summary>
    public Uri? Forward { get; set; }

    /// <summary>Refuse requests without this token.</summary>
    public string? Token { get; set; }

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync();
                _ = Task.Run(() => AnswerAsync(client));
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using TcpClient _ = client;
        using NetworkStream stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII);
        string? first = await reader.ReadLineAsync();
        if (first is null)
            return;
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
            headers[line[..line.IndexOf(':', StringComparison.Ordinal)]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        headers.TryGetValue("Range", out string? range);
        headers.TryGetValue("Authorization", out string? token);
        Requests.Enqueue($"{first.Split(' ')[0]} {first.Split(' ')[1]}{(range is null ? "" : $" {range}")}{(token is null ? "" : $" {token}")}");
        (string head, byte[] body) = Answer(first.Split(' ')[0], first.Split(' ')[1], range, token);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {head}\r\nConnection: close\r\n\r\n"));
        await stream.WriteAsync(body);
    }

    private (string Head, byte[] Body) Answer(string method, string path, string? range, string? token)
    {
        if (Token is not null && token != $"Bearer {Token}")
            return ("401 Unauthorized\r\nContent-Length: 0", []);
        if (path.StartsWith("/api/models/owner/model/revision/main", StringComparison.Ordinal))
            return Listing();
        string prefix = $"/owner/model/resolve/{Commit}/";
        string name = path.StartsWith(prefix, StringComparison.Ordinal) ? path[prefix.Length..] : "";
        if (!_files.TryGetValue(name, out byte[]? file))
            return ("404 Not Found\r\nContent-Length: 0", []);
        string tags = $"ETag: \"{Hash(name, file)}\"\r\nX-Linked-Size: {file.Length}";
        if (Forward is not null)
            return ($"302 Found\r\nLocation: {new Uri(Forward, path)}\r\n{tags}\r\nContent-Length: 0", []);
        if (method == "HEAD")
            return ($"200 OK\r\n{tags}\r\nContent-Length: {file.Length}", []);
        byte[] sent = name == Corrupt ? [.. file.Select(b => (byte)~b)] : file;
        int from = range is null ? 0 : int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture);
        string status = range is null ? "200 OK" : $"206 Partial Content\r\nContent-Range: bytes {from}-{file.Length - 1}/{file.Length}";
        sent = sent[from..];
        byte[] body = sent;
        if (Break.File == name && Break.Times > 0)
        {
            body = body[..Math.Min(Break.Bytes, body.Length)];
            Break = Break with { Times = Break.Times - 1 };
        }

        return ($"{status}\r\nContent-Length: {sent.Length}", body);
    }

    private (string Head, byte[] Body) Listing()
    {
        object[] siblings = [.. _files.Select(pair => !_lists ? (object)new { rfilename = pair.Key }
            : IsLarge(pair.Key) ? new { rfilename = pair.Key, size = pair.Value.Length, lfs = new { sha256 = Hash(pair.Key, pair.Value), size = pair.Value.Length } }
            : new { rfilename = pair.Key, size = pair.Value.Length, blobId = Hash(pair.Key, pair.Value) })];
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new { sha = Commit, siblings });
        return ($"200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}", body);
    }

    private static bool IsLarge(string name) => name.EndsWith(".safetensors", StringComparison.Ordinal);

    private static string Hash(string name, byte[] file) => Convert.ToHexStringLower(IsLarge(name)
        ? SHA256.HashData(file)
        : SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {file.Length}\0"), .. file]));
}
