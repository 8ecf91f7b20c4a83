using System.Diagnostics;
using Seriatim.Generation;

namespace Seriatim.Server.Benchmarks;

/// <summary>
/// Sequences that follow a JSON schema against the same sequences without one, by turns, through the library: what masks cost
/// while the model computes. The schema is a long list of objects, so that no answer ends before its tokens are written.
/// </summary>
internal static class Constrained
{
    private const string Schema = """
        {"type": "array", "minItems": 500, "items": {"type": "object", "additionalProperties": false,
        "required": ["name", "age", "tags", "kind"], "properties": {"name": {"type": "string"}, "age": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}}, "kind": {"enum": ["cat", "dog", "mouse"]}}}}
        """;

    public static Task<int> RunAsync(int sequences, int rounds) => HttpOverhead.WithBothAsync(async (library, _) =>
    {
        var grammar = Grammar.JsonSchema(Schema);
        await RateAsync(library, sequences, grammar, -1);
        await RateAsync(library, sequences, null, -1);
        List<double> free = [], bound = [], ratios = [];
        (long tokens, long certain) = (0, 0);
        for (int round = 0; round < rounds; round++)
        {
            // The one goes first in one round, the other in the next: neither always has the cooler machine.
            bool isFirst = round % 2 == 0;
            Rate one = await RateAsync(library, sequences, isFirst ? grammar : null, round);
            Rate two = await RateAsync(library, sequences, isFirst ? null : grammar, round);
            (Rate mine, Rate other) = isFirst ? (one, two) : (two, one);
            bound.Add(mine.TokensPerSecond);
            free.Add(other.TokensPerSecond);
            ratios.Add(mine.TokensPerSecond / other.TokensPerSecond);
            (tokens, certain) = (tokens + mine.Tokens, certain + mine.Certain);
        }

        Console.WriteLine($"{sequences} sequences: without a schema {Median(free):F0} tokens/s, with it "
            + $"{Median(bound):F0} tokens/s, "
            + $"median ratio {Median(ratios):F3} ({ratios.Min():F3} to {ratios.Max():F3}, {rounds} rounds by turns); "
            + $"{certain * 100.0 / tokens:F0} % of its tokens were certain and cost no step of their own");
    });

    private static async Task<Rate> RateAsync(LanguageModel model, int sequences, Grammar? grammar, int round)
    {
        long start = Stopwatch.GetTimestamp();
        GenerationResult[] results = await Task.WhenAll(Enumerable.Range(0, sequences).Select(i =>
        {
            GenerationRequest request = HttpOverhead.Request(model, 500 + round, i);
            return model.CompleteAsync(request with
            {
                IgnoreEndIds = grammar is null,
                Sampling = request.Sampling with { Grammar = grammar },
            });
        }));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        long tokens = results.Sum(result => result.Usage.NewTokens);
        return tokens == sequences * (long)HttpOverhead.NewTokens
            ? new Rate(tokens, results.Sum(result => result.Usage.AcceptedTokens), tokens / seconds)
            : throw new InvalidOperationException(
                $"{tokens} tokens came; {sequences} times {HttpOverhead.NewTokens} were asked for.");
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private sealed record Rate(long Tokens, long Certain, double TokensPerSecond);
}
