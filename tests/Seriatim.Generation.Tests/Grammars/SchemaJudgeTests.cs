using System.Text;
using Xunit.Abstractions;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>What grammars of JSON Schemas let through is valid by another's opinion.</summary>
public class SchemaJudgeTests(ITestOutputHelper output)
{
    [SharedFact]
    public void RandomTextsOfRealSchemasAreValid() => Check(SchemaSuite.Real(), 4, judgedAtLeast: 690, skippedAtMost: 2);

    [SharedFact]
    public void RandomTextsOfRealSchemasWithFormatsAreValid() =>
        Check(SchemaSuite.Real(formats: true), 2, judgedAtLeast: 340, skippedAtMost: 2);

    // The judge reads patterns as .NET does: what is about the difference is left out.
    [SharedFact]
    public void RandomTextsOfTheOfficialSuiteAreValid() => Check(
        SchemaSuite.Official().Where(one => !one.Name.Contains("ecmascript-regex", StringComparison.Ordinal)), 6,
        judgedAtLeast: 4_091, skippedAtMost: 5);

    private void Check(IEnumerable<SchemaSuite.Case> cases, int texts, int judgedAtLeast, int skippedAtMost)
    {
        var wrong = new List<string>();
        int judged = 0, skipped = 0;
        foreach (SchemaSuite.Case one in cases)
        {
            if (SchemaSuite.Compile(one) is not { } grammar)
                continue;
            try
            {
                var judge = new SchemaJudge(one);
                var random = new Random(one.Name.Length * 7 + one.Schema.Length);
                var made = new RandomTexts(grammar.Rules);
                for (int i = 0; i < texts; i++)
                {
                    byte[] text = made.Next(random);
                    if (!judge.Allows(text, out string why))
                        wrong.Add($"{one.Name}: {Encoding.UTF8.GetString(text)}: {why}");
                    judged++;
                }
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // It has faults of its own, e.g. with patterns that hold a slash.
                skipped++;
                output.WriteLine($"{one.Name}: the judge fails: {e.GetType().Name} {e.Message}");
            }
        }
        output.WriteLine($"{judged} texts judged, {skipped} schemas skipped");
        Assert.Empty(wrong);
        Assert.True(judged >= judgedAtLeast && skipped <= skippedAtMost, $"{judged} texts judged, {skipped} schemas skipped");
    }
}
