using System.Runtime.InteropServices;
using System.Text;

namespace Seriatim.Training;

/// <summary>Turns data files into <see cref="TokenCache"/>s.</summary>
public static class TokenCacheBuilder
{
    /// <summary>
    /// Opens the cache of a data file, making it if there is none for this data, this tokenizer and this encoding. The file
    /// appears in one step when it is complete.
    /// </summary>
    /// <param name="folder">Where caches lie; made if it does not exist.</param>
    /// <param name="file">The data.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="tokenizerFile">The bytes that define it, for the key.</param>
    /// <param name="encoding">How examples become ids.</param>
    /// <param name="bad">
    /// Counts the lines that hold no example; a cache that is there knows their number, not their names.
    /// </param>
    /// <param name="cancellation">Stops the work; nothing is left behind.</param>
    /// <exception cref="DataException">The data hold no example, or too many bad lines.</exception>
    public static TokenCache OpenOrBuild(string folder, DataFile file, Tokenizer tokenizer, ReadOnlySpan<byte> tokenizerFile,
        ExampleEncoding encoding, BadLines bad, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(encoding);
        byte[] key = TokenCache.KeyOf(file, tokenizerFile, encoding);
        string path = Path.Combine(folder, Convert.ToHexStringLower(key) + ".tokens");
        if (File.Exists(path))
        {
            TokenCache found = TokenCache.Open(path);
            if (found.BadLines <= bad.Limit - bad.Count)
            {
                bad.AddKnown(found.BadLines);
                return found;
            }

            // Too many for this run: reading again says which.
            found.Dispose();
        }

        Directory.CreateDirectory(folder);
        Build(path, key, file, tokenizer, encoding, bad, cancellation);
        return TokenCache.Open(path);
    }

    private static void Build(string path, byte[] key, DataFile file, Tokenizer tokenizer, ExampleEncoding encoding, BadLines bad,
        CancellationToken cancellation)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp", idsPath = temporary + ".ids";
        try
        {
            var ends = new List<long>();
            long tokens = 0, bytes = 0, badBefore = bad.Count;
            bool pairs = file.TargetField is not null;
            using (var ids = new FileStream(idsPath, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16))
            {
                foreach (TextRecord record in DataReader.Read(file, bad))
                {
                    cancellation.ThrowIfCancellationRequested();
                    Append(record.Source);
                    if (pairs)
                        Append(record.Target!);
                    bytes += Encoding.UTF8.GetByteCount(pairs ? record.Target! : record.Source);
                }

                if (ends.Count == 0)
                    throw new DataException($"{file.Path} holds no example ({bad.Count} lines could not be used).");
                Assemble(temporary, key, pairs ? 2 : 1, ends, [tokens, bytes, bad.Count - badBefore], ids);

                void Append(string text)
                {
                    int[] encoded = encoding.Encode(tokenizer, text);
                    ids.Write(MemoryMarshal.AsBytes(encoded.AsSpan()));
                    ends.Add(tokens += encoded.Length);
                }
            }

            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(idsPath);
            File.Delete(temporary);
        }
    }

    private static void Assemble(string path, byte[] key, int fields, List<long> ends, long[] totals, FileStream ids)
    {
        using var output = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        output.Write(MemoryMarshal.AsBytes<ulong>([TokenCache.Magic]));
        output.Write(key);
        output.Write(MemoryMarshal.AsBytes<long>([ends.Count / fields, fields, .. totals]));
        output.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(ends)));
        ids.Position = 0;
        ids.CopyTo(output);
        output.Flush(flushToDisk: true);
    }
}
