// The promise: a request gets the same bytes alone and among 200 strangers.
//
//   dotnet run -c Release --project samples/promise [-- MODEL PROMPT]
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Seriatim;
using Seriatim.Generation;

using var model = await LanguageModel.OpenAsync(args.Length > 0 ? args[0] : "stories");
string prompt = args.Length > 1 ? args[1] : "The old king looked at the sea and";
GenerationRequest mine = model.Request(prompt) with { Seed = 7, MaxNewTokens = 40 };

(string alone, double aloneSeconds) = await TimeAsync(mine);

// Strangers of all lengths and seeds; a hundred are in the engine before mine comes, a hundred come after it.
GenerationRequest[] strangers = [.. Enumerable.Range(1, 200).Select(i =>
    model.Request(string.Join(' ', Enumerable.Repeat("Once upon a time there was a cat.", 1 + i % 7))) with { Seed = (ulong)i, MaxNewTokens = 10 + i % 90 })];
List<Task<GenerationResult>> running = [.. strangers.Take(100).Select(request => model.CompleteAsync(request))];
Task<(string, double)> amongThem = TimeAsync(mine);
running.AddRange(strangers.Skip(100).Select(request => model.CompleteAsync(request)));
(string among, double amongSeconds) = await amongThem;
await Task.WhenAll(running);

Console.WriteLine($"\"{prompt}{alone}\"");
Console.WriteLine();
Show("alone", alone, aloneSeconds);
Show("among 200 strangers", among, amongSeconds);
Console.WriteLine(alone == among ? "the same bytes" : "NOT the same bytes: please report this");
return alone == among ? 0 : 1;

async Task<(string Text, double Seconds)> TimeAsync(GenerationRequest request)
{
    long start = Stopwatch.GetTimestamp();
    GenerationResult result = await model.CompleteAsync(request);
    return (result.Choices[0].Text, Stopwatch.GetElapsedTime(start).TotalSeconds);
}

static void Show(string how, string text, double seconds) =>
    Console.WriteLine($"{how,-20} sha256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16]}   {seconds:F2} s");
