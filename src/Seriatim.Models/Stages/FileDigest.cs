using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Seriatim.Models;

/// <summary>
/// A short name for the contents of large files, made of their lengths, their first megabyte and samples of the rest, so that
/// processes can compare files that none of them reads as a whole.
/// </summary>
internal static class FileDigest
{
    private const int HeaderBytes = 1 << 20, SampleBytes = 4096, Samples = 256;

    /// <summary>32 hexadecimal digits.</summary>
    /// <param name="files">The files, in an order that is the same everywhere.</param>
    public static string Of(IEnumerable<string> files)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[HeaderBytes];
        foreach (string file in files)
        {
            using FileStream stream = File.OpenRead(file);
            hash.AppendData(Encoding.UTF8.GetBytes(stream.Length.ToString(CultureInfo.InvariantCulture)));
            Add(0, HeaderBytes);
            for (int sample = 1; sample <= Samples && stream.Length > HeaderBytes; sample++)
                Add((stream.Length - SampleBytes) / Samples * sample, SampleBytes);

            void Add(long at, int most)
            {
                stream.Position = at;
                int read = stream.ReadAtLeast(buffer.AsSpan(0, most), most, throwOnEndOfStream: false);
                hash.AppendData(buffer.AsSpan(0, read));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }
}
