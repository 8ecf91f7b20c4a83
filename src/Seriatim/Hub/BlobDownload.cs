using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Seriatim;

/// <summary>
/// Fetches one file into the cache: goes on where an earlier attempt broke off, checks size
/// and hash, moves it to its name at the end.
/// </summary>
internal sealed class BlobDownload(HubClient client, HubCache cache, HubId id, string commit, ModelHubOptions options)
{
    /// <param name="file">The file.</param>
    /// <param name="arrived">Told the bytes that are there.</param>
    /// <param name="cancellationToken">Breaks off; what has arrived is kept.</param>
    public async Task RunAsync(HubFile file, Action<long> arrived, CancellationToken cancellationToken)
    {
        string part = cache.PartPath(file);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await AppendAsync(file, part, arrived, cancellationToken).ConfigureAwait(false);
                break;
            }
            catch (Exception failure) when (IsBroken(failure) && !cancellationToken.IsCancellationRequested)
            {
                if (attempt >= options.Attempts)
                {
                    long there = new FileInfo(part) is { Exists: true } info ? info.Length : 0;
                    throw new DownloadException(
                        $"{id}: {file.Name} broke off after {there} of {file.Size} bytes ({Cause(failure)}). Try again: it goes "
                            + "on from there.", failure);
                }
            }
        }

        string actual = await HashAsync(file, part, cancellationToken).ConfigureAwait(false);
        if (actual != file.Hash)
        {
            File.Delete(part);
            throw new CorruptedDownloadException($"{id}: {file.Name}", file.Hash, actual);
        }

        File.Move(part, cache.BlobPath(file), overwrite: true);
    }

    private async Task AppendAsync(HubFile file, string part, Action<long> arrived, CancellationToken cancellationToken)
    {
        await using FileStream output = OpenPart(file, part);
        if (output.Length > file.Size)
            output.SetLength(0);
        output.Seek(0, SeekOrigin.End);
        arrived(output.Length);
        if (output.Length == file.Size)
            return;
        using HttpResponseMessage response = await client.OpenAsync(id, commit, file, output.Length,
            cancellationToken).ConfigureAwait(false);
        bool continues = response.StatusCode == HttpStatusCode.PartialContent
            && response.Content.Headers.ContentRange?.From == output.Length;
        if (!continues)
            output.SetLength(0);
        if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.PartialContent)
            || (response.StatusCode == HttpStatusCode.PartialContent && !continues))
        {
            throw new HttpRequestException($"the server cannot start at byte {output.Length}");
        }
        await using Stream input = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        byte[] buffer = new byte[1 << 16];
        while (true)
        {
            int count = await client.Limited(token => input.ReadAsync(buffer, token).AsTask(),
                cancellationToken).ConfigureAwait(false);
            if (count == 0)
                break;
            if (output.Length + count > file.Size)
            {
                output.SetLength(0);
                throw new DownloadException(
                    $"{id}: {file.Name} goes on after the {file.Size} bytes the hub promised. It was thrown away; try again.");
            }

            Write(file, output, buffer.AsSpan(0, count));
            arrived(output.Length);
        }

        if (output.Length < file.Size)
            throw new HttpRequestException("the connection was closed");
    }

    private FileStream OpenPart(HubFile file, string part)
    {
        try
        {
            return new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0);
        }
        catch (IOException failure) when (File.Exists(part))
        {
            throw new DownloadException($"{id}: another program is fetching {file.Name} ({part}). Wait for it.", failure);
        }
    }

    private void Write(HubFile file, FileStream output, ReadOnlySpan<byte> bytes)
    {
        try
        {
            output.Write(bytes);
        }
        catch (IOException failure)
        {
            string folder = Path.GetDirectoryName(output.Name)!;
            throw new DiskFullException(folder, file.Size - output.Length, options.FreeSpace(folder), failure);
        }
    }

    private static bool IsBroken(Exception failure) =>
        failure is HttpRequestException or HttpIOException or TimeoutException or IOException and not FileNotFoundException;

    private static string Cause(Exception failure) => (failure.InnerException ?? failure).Message.TrimEnd('.');

    private static async Task<string> HashAsync(HubFile file, string path, CancellationToken cancellationToken)
    {
        await using FileStream input = File.OpenRead(path);
        if (file.IsLarge)
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(input, cancellationToken).ConfigureAwait(false));

        // The id git gives a file: SHA-1 of a header and the content.
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {input.Length}\0"));
        byte[] buffer = new byte[1 << 16];
        for (int count; (count = await input.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
            hash.AppendData(buffer, 0, count);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
