using Xunit.Abstractions;

namespace Seriatim.Generation.Tests.Grammars;

public class SchemaSuiteTests(ITestOutputHelper output)
{
    [SharedFact]
    public void OfficialSuite() => Report(SchemaSuite.Official());

    [SharedFact]
    public void RealSchemas() => Report(SchemaSuite.Real());

    private void Report(IEnumerable<SchemaSuite.Case> cases)
    {
        var outcomes = new List<SchemaSuite.Outcome>();
        foreach (SchemaSuite.Case one in cases)
        {
            var watch = System.Diagnostics.Stopwatch.StartNew();
            try
            {
                outcomes.Add(SchemaSuite.Judge(one));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                output.WriteLine($"CRASH {one.Name}: {e}");
            }
            if (watch.ElapsedMilliseconds > 500)
                output.WriteLine($"SLOW {watch.ElapsedMilliseconds} {(outcomes.Count > 0 ? outcomes[^1].Compile.TotalMilliseconds : 0)} {one.Name}");
        }
        foreach (SchemaSuite.Outcome outcome in outcomes)
        {
            if (outcome.Refused is not null)
                output.WriteLine($"REFUSED [{outcome.Refused}] {outcome.Case.Name}: {outcome.Message}");
            foreach (string let in outcome.Let)
                output.WriteLine($"WRONG {outcome.Case.Name}: {let[..Math.Min(200, let.Length)]}");
            foreach (string blocked in outcome.Blocked)
                output.WriteLine($"STRICT {outcome.Case.Name}: {blocked[..Math.Min(200, blocked.Length)]}");
        }
        output.WriteLine($"{outcomes.Count} schemas, {outcomes.Count(o => o.Refused is not null)} refused, "
            + $"{outcomes.Sum(o => o.Let.Count)} wrong, {outcomes.Sum(o => o.Blocked.Count)} too strict");
        double[] times = [.. outcomes.Select(o => o.Compile.TotalMilliseconds).Order()];
        output.WriteLine($"compile ms: median {times[times.Length / 2]:F1}, 90% {times[times.Length * 9 / 10]:F1}, 99% {times[times.Length * 99 / 100]:F1}, most {times[^1]:F1}");
        Assert.Fail("look");
    }
}
