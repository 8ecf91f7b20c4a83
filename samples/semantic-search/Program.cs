// Search by meaning: every paragraph of the files becomes a vector, and those nearest to the question's are shown.
//
//   dotnet run -c Release --project samples/semantic-search -- --query "a cat that is hungry" --files "story.txt;other.txt"
//
// No model that was made for it comes with Seriatim: the built-in "fill", a small masked model of English stories, finds texts of
// the same words more than of the same meaning. Give --model sentence-transformers/all-MiniLM-L6-v2, or any other of that kind.
using System.Numerics.Tensors;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Seriatim;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
if (builder.Configuration["query"] is not { } query || builder.Configuration["files"]?.Split(';') is not { } files)
{
    Console.Error.WriteLine("Say what to look for, and where: --query \"a cat that is hungry\" --files \"story.txt;other.txt\"");
    return 2;
}

if (Array.Find(files, file => !File.Exists(file)) is { } missing)
{
    Console.Error.WriteLine($"There is no file {missing}.");
    return 2;
}

builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddSeriatimEncoder(
    builder.Configuration["model"] ?? "fill", embedding: new EmbeddingOptions { Truncate = true, Normalize = true });
using IHost host = builder.Build();
await host.StartAsync();
var embedder = host.Services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();

string[] paragraphs =
    [.. files.SelectMany(file =>
        File.ReadAllText(file).Split("\n\n", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
(string Paragraph, Embedding<float> Vector)[] index = await embedder.GenerateAndZipAsync(paragraphs);
Embedding<float> wanted = await embedder.GenerateAsync(query);

// The vectors have length 1, so that their product is the cosine of the angle between them.
foreach ((string paragraph, float nearness) in index
    .Select(entry => (entry.Paragraph, TensorPrimitives.Dot(entry.Vector.Vector.Span, wanted.Vector.Span)))
    .OrderByDescending(entry => entry.Item2).Take(3))
{
    Console.WriteLine($"{nearness:F3}  {paragraph}");
}

await host.StopAsync();
return 0;
