using System.Security.Cryptography;
using System.Text;

namespace Seriatim.Tokenizers.Tests;

/// <summary>
/// The normalization forms of every code point and of 20,000 pseudo-random sequences, as hashes of what Python's unicodedata
/// (Unicode 15.1) gives for them.
/// </summary>
public sealed class UnicodeNormalizerTests
{
    private static readonly int[] Pool =
    [
        0x41, 0x61, 0x65, 0x301, 0x323, 0x308, 0x327, 0x30A, 0x1100, 0x1161, 0x11A8, 0xAC00, 0xAC01, 0x1E9B, 0xFB01, 0xFF76,
            0xFF9E, 0x3099,
        0x9C7, 0x9BE, 0x20, 0x212B, 0x1F71, 0x0344, 0x2126, 0x1D15E, 0x11099, 0x110BA, 0x0DD9, 0x0DCF, 0x0DCA, 0x4E00, 0x2F800,
            0x390, 0x1,
        0x5D0, 0x5B8, 0x5BC, 0x315, 0x300, 0x5AE, 0x62,
    ];

    [Theory]
    [InlineData(true, false, "9cc65524a9d8082bf10840c616cd199bd2ac12ee49a3381bd6fb7957711f342b",
        "b18ce50a386911b6f1fbee7317544e144d44f015571ed5218dba0548ab2692fd")]
    [InlineData(false, false, "b505598a484ab04ad1f0d3e9d772f4a536b012c63ec82132e4a7fba25a8d94f2",
        "1f5bb8aa1672189fe21bcce10eb8543406017a8ce729316be4913b95ea3e6791")]
    [InlineData(true, true, "a9773a8b96f0a3693a609ec0f8efc94f49c35ea03330b1029e186a25183a0bfc",
        "345ccc6b970a284fcb2e0dbe1b838dbe3fe53dfe61aa02df5f8a0ef7aa462ce0")]
    [InlineData(false, true, "4f1276f64ad2915e28c8507ac0f1f56a3d0935e7369b926f9efb0d0cea66a913",
        "80efa3aefba5f6f71e427af412de98591c302bc197bafb6743e2dbf0bb45fb83")]
    public void Agrees_with_the_unicode_character_database(bool compose, bool compatibility, string characters, string sequences)
    {
        var normalizer = new UnicodeNormalizer(compose, compatibility);
        Assert.Equal(characters, Hash(normalizer, Enumerable.Range(0,
            0x110000).Where(Rune.IsValid).Select(char.ConvertFromUtf32)));
        Assert.Equal(sequences, Hash(normalizer, Sequences()));
    }

    [Fact]
    public void Offsets_stay_as_fine_as_the_characters()
    {
        var text = new AlignedText();
        text.Load("aé e\u0301x", 0, tracks: true);
        new UnicodeNormalizer(compose: false, compatibility: false).Normalize(text);
        Assert.Equal("ae\u0301 e\u0301x", text.Span.ToString());
        Assert.Equal([0, 1, 1, 2, 3, 4, 5], Enumerable.Range(0, text.Length).Select(text.OriginalStart));
        Assert.Equal([1, 2, 2, 3, 4, 5, 6], Enumerable.Range(1, text.Length).Select(text.OriginalEnd));
    }

    private static string Hash(UnicodeNormalizer normalizer, IEnumerable<string> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string text in texts)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(normalizer.Normalize(text)));
            hash.AppendData("\n"u8);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IEnumerable<string> Sequences()
    {
        long state = 12345;
        long Next() => state = ((state * 1103515245) + 12345) % 2147483648;
        for (int i = 0; i < 20_000; i++)
        {
            var text = new StringBuilder();
            for (long length = 1 + ((Next() >> 16) % 8); length > 0; length--)
            {
                text.Append(char.ConvertFromUtf32(Pool[(Next() >> 16) % Pool.Length]));
            }

            yield return text.ToString();
        }
    }
}
