using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Seriatim.Tensors.Tests;

/// <summary>
/// The formats of code books against hashes of what the published reader of GGUF files (gguf-py of commit c392e5094) makes of the
/// same bytes: 2048 blocks of any bits under scales that are finite, so that every point and every sign occurs.
/// </summary>
public sealed unsafe class CodeBookTests
{
    private const int Blocks = 2048;

    public static TheoryData<BlockType, int, int, string> Published => new()
    {
        { BlockType.IQ2_XXS, 16, 1, "33638f9e3b3f8b4c5a32ffc06957567528011163a91f6c425e20dc181ecd8eb8" },
        { BlockType.IQ2_XS, 17, 1, "4575ef5dfcdbc5e4ad0504967a8a1242e2e9b283c4f4131721e4d99146f51824" },
        { BlockType.IQ2_S, 22, 1, "4959819b85b4caaab0c669449eb63a604c92e6042bf0b0dab2dbfebee070b985" },
        { BlockType.IQ3_XXS, 18, 1, "1392b016983ad8b3a15455ab135aedb22c4c3178980847e992c961eac25a6dcc" },
        { BlockType.IQ3_S, 21, 1, "b4543608e94d01abff6751ed0b22c0435ceec22c346ea20400d429233f21f601" },
        { BlockType.IQ1_S, 19, 1, "afee68b133b8f202cf05c0b8e940f81900f824a88a0e95836d449298c4e2c54d" },
        { BlockType.IQ1_M, 29, 55, "898aedfbe48635fa1ebce58247da4a3413d06bc98f4e8af516dfe5a82ada71d0" },
    };

    /// <param name="type">The format.</param>
    /// <param name="number">Its number in files: the seed of the bytes.</param>
    /// <param name="scaleByte">Which byte of a block has the exponent of its scale.</param>
    /// <param name="hash">SHA-256 of the values as F32 without signs of zeros.</param>
    [Theory]
    [MemberData(nameof(Published))]
    public void Any_bytes_mean_what_the_published_reader_says(BlockType type, int number, int scaleByte, string hash)
    {
        float[] values = new float[Blocks * 256];
        type.Decode(Bytes(type, number, scaleByte), values);
        for (int i = 0; i < values.Length; i++)
            values[i] = values[i] == 0 ? 0 : values[i];
        Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(values))));
    }

    [Fact]
    public void Closing_gives_the_bytes_that_were_opened()
    {
        Check<IQ1_S>(19, 1);
        Check<IQ1_M>(29, 55);
        Check<IQ2_XXS>(16, 1);
        Check<IQ2_XS>(17, 1);
        Check<IQ2_S>(22, 1);
        Check<IQ3_XXS>(18, 1);
        Check<IQ3_S>(21, 1);
    }

    /// <summary>What is encoded is near: without weights of importance within these errors of N(0, 1) values.</summary>
    [Theory]
    [InlineData(BlockType.IQ3_S, 0.18)]
    [InlineData(BlockType.IQ3_XXS, 0.25)]
    [InlineData(BlockType.IQ2_S, 0.36)]
    [InlineData(BlockType.IQ2_XS, 0.42)]
    [InlineData(BlockType.IQ2_XXS, 0.5)]
    [InlineData(BlockType.IQ1_M, 0.6)]
    [InlineData(BlockType.IQ1_S, 0.65)]
    public void Encoding_is_near(BlockType type, double limit)
    {
        float[] values = BlockFormatTests.Normal(256 * 64, 5);
        float[] decoded = new float[values.Length];
        type.Decode(BlockFormatTests.Encoded(type, values), decoded);
        Assert.InRange(BlockFormatTests.Rms(values, decoded), limit / 2, limit);
    }

    private static void Check<TFormat>(int number, int scaleByte)
        where TFormat : struct, IBlockFormat
    {
        byte[] bytes = Bytes(TFormat.Type, number, scaleByte);
        byte* again = stackalloc byte[TFormat.Bytes];
        BlockParts parts;
        for (int block = 0; block < Blocks; block++)
        {
            fixed (byte* from = &bytes[block * TFormat.Bytes])
                TFormat.Open(from, &parts);
            TFormat.Close(&parts, again);
            Assert.Equal(
                bytes.AsSpan(block * TFormat.Bytes, TFormat.Bytes).ToArray(),
                new ReadOnlySpan<byte>(again, TFormat.Bytes).ToArray());
        }
    }

    private static byte[] Bytes(BlockType type, int seed, int scaleByte)
    {
        byte[] bytes = new byte[Blocks * type.BlockBytes()];
        ulong state = (ulong)seed;
        for (int i = 0; i < bytes.Length; i++)
        {
            state = state * 6364136223846793005 + 1442695040888963407;
            bytes[i] = (byte)(state >> 56);
        }

        // The highest bit of the exponent of a binary16.
        for (int at = scaleByte; at < bytes.Length; at += type.BlockBytes())
            bytes[at] &= 0xBF;
        return bytes;
    }
}
