using System.Diagnostics;
using System.Text;
using Seriatim.Tokenizers;

// A stopwatch harness: every figure is the median of several runs on one thread, with the fastest and slowest beside it.
// Usage: dotnet run -c Release --project benchmarks/Seriatim.Tokenizers.Benchmarks [path of ../shared]
string shared = args.Length > 0 ? args[0] : FindShared();
string text = File.ReadAllText(Path.Combine(shared, "data", "stories", "train.txt"));
double megabytes = Encoding.UTF8.GetByteCount(text) / 1e6;
string[] documents = text.Split("\n\n");
Console.WriteLine($"stories/train.txt: {megabytes:F1} MB, {documents.Length} paragraphs");

TrainedTokenizer? trained = null;
foreach (int size in new[] { 16_000, 32_000 })
{
    Measure($"train byte-level BPE {size}", 3, 0, () => trained = TokenizerTrainer.Train([text], new() { VocabularySize = size }));
}

Measure("train byte-fallback BPE 16000", 1, 0,
    () => TokenizerTrainer.Train([text], new() { Model = TrainerModel.ByteFallbackBpe, VocabularySize = 16_000 }));
Measure("train Unigram 8000", 1, 0, () => TokenizerTrainer.Train([text], new() { Model = TrainerModel.Unigram, VocabularySize = 8000 }));

Tokenizer tokenizer = trained!.Tokenizer;
Console.WriteLine($"the last byte-level vocabulary has {tokenizer.VocabularySize} tokens");
int[] ids = [];
Measure("encode, 32k byte-level BPE, whole file", 7, megabytes, () => ids = tokenizer.Encode(text));
Measure("encode, 32k byte-level BPE, by paragraph", 7, megabytes, () =>
{
    foreach (string document in documents)
    {
        tokenizer.Encode(document);
    }
});
Measure("encode with offsets, by paragraph", 3, megabytes, () =>
{
    foreach (string document in documents)
    {
        tokenizer.EncodeWithOffsets(document);
    }
});
Measure("encode, fresh tokenizer (cold cache), whole file", 5, megabytes, () => Tokenizer.FromJson(trained.Json).Encode(text));
Measure("decode", 7, megabytes, () => tokenizer.Decode(ids));
Measure("decode, streamed", 5, megabytes, () =>
{
    TokenDecoder decoder = tokenizer.CreateDecoder();
    foreach (int id in ids)
    {
        decoder.Append(id);
    }

    decoder.Flush();
});

string word = string.Concat(Enumerable.Range(0, 1_000_000).Select(i => (char)('a' + (i * 7919 % 1009 % 26))));
Measure("encode one word of 1 MB", 3, 1, () => tokenizer.Encode(word));
Measure("encode 1 MB of one letter", 3, 1, () => tokenizer.Encode(new string('a', 1_000_000)));

static void Measure(string what, int runs, double megabytes, Action action)
{
    if (runs > 1)
    {
        action();
    }

    var seconds = new double[runs];
    for (int i = 0; i < runs; i++)
    {
        GC.Collect();
        long start = Stopwatch.GetTimestamp();
        action();
        seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    Array.Sort(seconds);
    string speed = megabytes > 0
        ? $"{megabytes / seconds[runs / 2]:F1} MB/s ({megabytes / seconds[^1]:F1} .. {megabytes / seconds[0]:F1})"
        : $"{seconds[runs / 2]:F1} s ({seconds[0]:F1} .. {seconds[^1]:F1})";
    Console.WriteLine($"{what,-50} {speed}, {runs} runs");
}

static string FindShared()
{
    for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
    {
        if (File.Exists(Path.Combine(folder.FullName, "Seriatim.slnx")))
        {
            return Path.Combine(folder.FullName, "..", "shared");
        }
    }

    throw new DirectoryNotFoundException("Seriatim.slnx was not found; pass the path of ../shared.");
}
