using System.IO.Compression;

namespace Seriatim.Training.Tests;

public sealed class DataReaderTests
{
    [Fact]
    public void Documents_end_at_the_marker_and_keep_every_character()
    {
        using var folder = new TempFolder();
        string path = folder.Write("a.txt", "one\n\n two \n<END>\nthree\r\n<END>\n\n<END>\nfour<END>\n");
        var bad = new BadLines(1);
        TextRecord[] read = [.. DataReader.Read(new DataFile(path, DataFormat.Text) { Marker = "<END>" }, bad)];
        Assert.Equal([new("one\n\n two \n", null, 1), new("three\r\n", null, 5), new("four<END>\n", null, 9)], read);
        Assert.Equal($"{path}(7): empty", Assert.Single(bad.First));
        Assert.Equal("one\n\n two \n<END>\nthree\r\n<END>\n\n<END>\nfour<END>\n",
            Assert.Single(DataReader.Read(new DataFile(path, DataFormat.Text), bad)).Source);
    }

    [Fact]
    public void Pairs_come_from_columns_and_bad_lines_are_named()
    {
        using var folder = new TempFolder();
        string path = folder.Write("a.tsv", "你好\thello\tx\nonly\n\n \tempty\tx\n再见\tbye\ty");
        var file = new DataFile(path, DataFormat.Tsv) { SourceField = "1", TargetField = "0", Prefix = "to zh: " };
        var bad = new BadLines(3);
        Assert.Equal([new("to zh: hello", "你好", 1), new("to zh: bye", "再见", 5)], DataReader.Read(file, bad));
        Assert.Equal([$"{path}(2): 1 fields, 2 needed", $"{path}(3): empty", $"{path}(4): empty"], bad.First);
        var error = Assert.Throws<DataException>(() => DataReader.Read(file, new BadLines(2)).Count());
        Assert.Contains($"{path}(4): empty", error.Message);
        Assert.Throws<DataException>(() => DataReader.Read(file with { SourceField = "zh" }, bad));
    }

    [Fact]
    public void The_first_ten_bad_lines_are_named_together()
    {
        using var folder = new TempFolder();
        string path = folder.Write("a.tsv", string.Join('\n', Enumerable.Range(1, 30).Select(i => i % 2 == 0 ? "bad" : "a\tb")));
        var file = new DataFile(path, DataFormat.Tsv) { TargetField = "1" };
        string[] lines = Assert.Throws<DataException>(() => DataReader.Read(file, new BadLines(0)).Count()).Message.Split(Environment.NewLine);
        Assert.Equal("At least 10 lines cannot be used, 0 are allowed (max_bad_lines):", lines[0]);
        Assert.Equal(Enumerable.Range(1, 10).Select(i => $"{path}({2 * i}): 1 fields, 2 needed"), lines[1..]);
        folder.Write("a.tsv", "a\tb\nbad\na\tb\nbad\na\tb\n");
        lines = Assert.Throws<DataException>(() => DataReader.Read(file, new BadLines(1)).Count()).Message.Split(Environment.NewLine);
        Assert.Equal(["2 lines cannot be used, 1 are allowed (max_bad_lines):", $"{path}(2): 1 fields, 2 needed", $"{path}(4): 1 fields, 2 needed"], lines);
    }

    [Fact]
    public void Json_lines_may_be_compressed_and_malformed()
    {
        using var folder = new TempFolder();
        string path = folder["a.jsonl.gz"];
        using (var writer = new StreamWriter(new GZipStream(File.Create(path), CompressionLevel.Fastest)))
            writer.Write("{\"text\":\"a b\"}\n{\"text\":3}\n[1]\n{\"text\":\n{\"text\":\"\\u4f60\\n\"}\n");
        var bad = new BadLines(10);
        Assert.Equal(["a b", "你\n"], DataReader.Read(new DataFile(path, DataFormat.Jsonl) { SourceField = "text" }, bad).Select(r => r.Source));
        Assert.Equal(3, bad.Count);
        Assert.StartsWith($"{path}(4): not JSON", bad.First[2]);
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_bad_lines()
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["a.txt"], [0x61, 0x0A, 0xFF, 0xFE, 0x0A, 0x62]);
        var bad = new BadLines(1);
        Assert.Equal(["a", "b"], DataReader.Read(new DataFile(folder["a.txt"], DataFormat.Lines), bad).Select(r => r.Source));
        Assert.Contains("not UTF-8", bad.First[0]);
    }
}
