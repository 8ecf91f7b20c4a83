namespace Seriatim.Formats.Tests;

public sealed class GgufRefusalTests
{
    public static TheoryData<string> NegativeFiles => Shared.Files("golden/gguf/negative", "*.gguf", "control-valid", "missing-key");

    [SharedTheory]
    [MemberData(nameof(NegativeFiles))]
    public void EveryNegativeFileIsRefused(string relative)
    {
        var path = Shared.Path(relative);
        Refusal.Of(path, () => GgufFile.Open(path).Dispose());
        Refusal.Of(path, () => GgufCheckpoint.Open(path).Dispose());
    }

    [SharedTheory]
    [InlineData("truncated", "'blk.0.ffn_up.weight'")]
    [InlineData("bad-magic", "47475558")]
    [InlineData("bad-version", "99")]
    [InlineData("overlong-string", "'general.name'", "1152921504606846976")]
    [InlineData("tensor-offset-out-of-range", "'output.weight'", "1099511627776")]
    [InlineData("duplicate-tensor", "'blk.0.ffn_gate.weight'", "twice")]
    [InlineData("unknown-type", "'blk.0.attn_q.weight'", "255")]
    [InlineData("huge-dims", "'blk.0.attn_q.weight'", "4294967296")]
    public void TheMessageNamesOperandAndNumbers(string name, params string[] mentions)
    {
        var path = Shared.Path("golden", "gguf", "negative", name + ".gguf");
        Refusal.Of(path, () => GgufFile.Open(path).Dispose(), mentions);
    }

    private const ulong Many = ulong.MaxValue;

    private static readonly (string What, GgufBytes File, string Mention)[] Cases =
    [
        ("version 1", new GgufBytes(version: 1), "version 1"),
        ("version 0", new GgufBytes(version: 0), "version 0"),
        ("big-endian", new GgufBytes(version: 0x03000000), "big-endian"),
        ("many tensors", new GgufBytes(tensors: Many), "number of tensors"),
        ("many keys", new GgufBytes(keys: Many), "number of metadata keys"),
        ("more keys than bytes", new GgufBytes(keys: 1_000_000).Raw(new byte[1000]), "1000000"),
        ("empty key", new GgufBytes(keys: 1).Key("", 0).Raw(1, 0), "0 bytes"),
        ("key too long", new GgufBytes(keys: 1).Key(new string('k', 65536), 0).Raw(1), "65536"),
        ("key not text", new GgufBytes(keys: 1).U64(1).Raw(0xff).U32(0).Raw(1), "UTF-8"),
        ("key twice", new GgufBytes(keys: 2).Key("a", 0).Raw(1).Key("a", 0).Raw(1), "twice"),
        ("cut value", new GgufBytes(keys: 1).Key("abcdefgh", 10).U32(1), "'abcdefgh'"),
        ("cut type", new GgufBytes(keys: 1).Text("abcdefghi").Raw(1), "'abcdefghi'"),
        ("unknown value type", new GgufBytes(keys: 1).Key("a", 13).U64(0), "13"),
        ("unknown element type", new GgufBytes(keys: 1).Key("a", 9).U32(77).U64(0), "77"),
        ("bool of 2", new GgufBytes(keys: 1).Key("a", 7).Raw(2), "value 2"),
        ("bool of 2 in an array", new GgufBytes(keys: 1).Key("a", 9).U32(7).U64(2).Raw(1, 2), "value 2"),
        ("long string", new GgufBytes(keys: 1).Key("a", 8).U64(Many).Raw(1, 2), "18446744073709551615"),
        ("long array", new GgufBytes(keys: 1).Key("a", 9).U32(6).U64(Many / 4).U64(0), "4611686018427387903"),
        ("long array of strings", new GgufBytes(keys: 1).Key("a", 9).U32(8).U64(1000).Raw(new byte[999]), "1000"),
        ("text that is none", new GgufBytes(keys: 1).Key("a", 8).U64(2).Raw(0xc3, 0x28), "UTF-8"),
        ("nested too deep", Nested(100_000), "deep"),
        ("alignment 0", new GgufBytes(keys: 1).Key("general.alignment", 4).U32(0), "general.alignment"),
        ("alignment 12", new GgufBytes(keys: 1).Key("general.alignment", 4).U32(12), "12"),
        ("alignment of 64 bits", new GgufBytes(keys: 1).Key("general.alignment", 10).U64(32), "UInt64"),
        ("nameless tensor", new GgufBytes(tensors: 1).Tensor("", GgmlType.F32, 0, 1).Data(4), "no name"),
        ("five axes", new GgufBytes(tensors: 1).Tensor("a", GgmlType.F32, 0, 1, 1, 1, 1, 1).Data(4), "5 axes"),
        ("axis over 2^63", new GgufBytes(tensors: 1).Tensor("a", GgmlType.F32, 0, 1UL << 63).Data(4), "9223372036854775808"),
        ("huge tensor", new GgufBytes(tensors: 1).Tensor("a", GgmlType.F64, 0, (1UL << 60) - 1).Data(4), "'a'"),
        ("partial block", new GgufBytes(tensors: 1).Tensor("a", GgmlType.Q8_0, 0, 33).Data(64), "33"),
        ("blocks across rows", new GgufBytes(tensors: 1).Tensor("a", GgmlType.Q8_0, 0, 16, 2).Data(64), "16"),
        ("removed type", new GgufBytes(tensors: 1).Tensor("a", (GgmlType)4, 0, 32).Data(64), "removed"),
        ("negative type", new GgufBytes(tensors: 1).Tensor("a", (GgmlType)(-1), 0, 32).Data(64), "4294967295"),
        ("misaligned", new GgufBytes(tensors: 1).Tensor("a", GgmlType.F32, 8, 1).Data(64), "alignment 32"),
        ("no data", new GgufBytes(tensors: 1).Tensor("a", GgmlType.F32, 0, 1), "0 bytes"),
        ("one byte short", new GgufBytes(tensors: 1).Tensor("a", GgmlType.F32, 0, 8).Data(31), "31"),
        ("offset over 2^63", new GgufBytes(tensors: 1).Tensor("a", GgmlType.F32, 0xffffffffffffffe0, 8).Data(32), "18446744073709551584"),
        ("overlap", Two(GgmlType.F32, 0), "overlaps"),
        ("hole", Two(GgmlType.F32, 64), "hole"),
        ("hole at the start", new GgufBytes(tensors: 1).Tensor("a", GgmlType.F32, 32, 1).Data(64), "hole"),
    ];

    public static TheoryData<string> CaseNames => new(Cases.Select(one => one.What));

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void BadFilesAreRefused(string what)
    {
        var (_, file, mention) = Cases.Single(one => one.What == what);
        using var folder = new TempFolder();
        var path = folder.Write("bad.gguf", file.ToArray());
        Refusal.Of(path, () => GgufFile.Open(path).Dispose(), mention);
    }

    private static GgufBytes Two(GgmlType type, ulong offset) =>
        new GgufBytes(tensors: 2).Tensor("a", type, 0, 8).Tensor("b", type, offset, 8).Data(96);

    private static GgufBytes Nested(int depth)
    {
        var file = new GgufBytes(keys: 1).Key("a", 9);
        for (var i = 0; i < depth; i++)
            file.U32(9).U64(1);
        return file.U32(0).U64(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(23)]
    public void FilesTooShortForAHeaderAreRefused(int length)
    {
        using var folder = new TempFolder();
        var path = folder.Write("short", new GgufBytes().ToArray()[..length]);
        Refusal.Of(path, () => GgufFile.Open(path).Dispose(), $"{length} bytes", "24");
    }

    [Fact]
    public void MissingFilesAndFoldersAreRefused()
    {
        using var folder = new TempFolder();
        Refusal.Of(folder["none"], () => GgufFile.Open(folder["none"]).Dispose(), "no such file");
        Refusal.Of(folder.Root, () => GgufFile.Open(folder.Root).Dispose(), "folder");
    }

    [SharedFact]
    public void AFileCutAnywhereInItsTableOrDataIsRefused()
    {
        var good = File.ReadAllBytes(Shared.Path("golden", "gguf", "negative", "control-valid.gguf"));
        using var folder = new TempFolder();
        long end;
        using (var file = GgufFile.Open(folder.Write("whole", good)))
            end = file.Entries.Max(entry => entry.Offset + entry.ByteLength);
        for (var length = 0; length < end; length += 97)
        {
            var path = folder.Write("cut", good[..length]);
            Assert.Throws<ModelFormatException>(() => GgufFile.Open(path));
        }
    }
}
