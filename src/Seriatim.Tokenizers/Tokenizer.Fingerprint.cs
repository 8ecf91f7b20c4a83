using System.Security.Cryptography;
using System.Text;

namespace Seriatim.Tokenizers;

/// <content>What tells tokenizers apart.</content>
public sealed partial class Tokenizer
{
    private const string Probe = "Hello, world!  1234 don't \u00E9\u00C9 \u6211\u7231\u5B66\u4E60 \U0001F642\r\n\tA_b-c";
    private string? _fingerprint;

    /// <summary>
    /// A short name for what it does, 32 hexadecimal digits: a hash of all pieces, of how they are decoded, and of a text that is
    /// encoded. Two files that do the same have the same.
    /// </summary>
    public string Fingerprint => _fingerprint ??= FindFingerprint();

    private string FindFingerprint()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        TokenDecoder decoder = CreateDecoder(skipSpecialTokens: false);
        for (int id = 0; id < _pieces.Length; id++)
        {
            Add(hash, _pieces[id] is { } piece ? $"{id} {(_special[id] ? 1 : 0)} {piece}" : $"{id}");
            if (_pieces[id] is not null)
            {
                Add(hash, decoder.Append(id));
            }
        }

        Add(hash, decoder.Flush());
        foreach (int id in Encode(Probe))
        {
            Add(hash, $"{id}");
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private static void Add(IncrementalHash hash, string text)
    {
        hash.AppendData(Encoding.UTF8.GetBytes(text));
        hash.AppendData([0]);
    }
}
