using Seriatim.Shared;
using Xunit.Abstractions;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>All schemas of ../shared/structured: none judged wrongly, and no fewer enforced than were.</summary>
public class SchemaSuiteTests(ITestOutputHelper output)
{
    private const string Page = "docs/guide/json-schema.md";

    /// <summary>
    /// Files whose valid instances need not all be reachable: formats of which a part is enforced, numbers with exponents.
    /// </summary>
    private static readonly string[] Stricter =
    [
        "optional/float-overflow.json", "optional/format/date-time.json", "optional/format/ecmascript-regex.json",
        "optional/format/hostname.json", "optional/format/idn-email.json", "optional/format/idn-hostname.json",
        "optional/format/time.json",
    ];

    [SharedFact]
    public void TheOfficialSuiteIsJudgedRightly()
    {
        SchemaSuite.Outcome[] outcomes = Judge(SchemaSuite.Official());
        Assert.Empty(outcomes.SelectMany(outcome => outcome.Let.Select(text => $"{outcome.Case.Name}: {text}")));
        Assert.Empty(outcomes.Where(outcome => outcome.Blocked.Count > 0
            && !Stricter.Any(file => outcome.Case.Name.Contains(file, StringComparison.Ordinal)))
            .Select(outcome => $"{outcome.Case.Name}: {outcome.Blocked[0]}"));
        // What allows no value is refused for that, and for nothing else.
        Assert.Empty(outcomes.Where(outcome => outcome.Refused == "" && outcome.Case.Instances.Any(pair => pair.Valid))
            .Select(outcome => $"{outcome.Case.Name}: {outcome.Message}"));
        int valid = outcomes.Sum(outcome => outcome.Valid), reached = valid - outcomes.Sum(outcome => outcome.Blocked.Count);
        Assert.True(outcomes.Count(outcome => outcome.Refused is null) >= 738, "fewer schemas are enforced");
        output.WriteLine($"{reached} of {valid} valid instances reached");
        Assert.True(reached >= 1_980, $"{reached} of {valid} valid instances are reachable");
        MadeTable.Check(Page, "schema-keywords", Table(outcomes));
    }

    [SharedFact]
    public void RealSchemasAreJudgedRightly()
    {
        SchemaSuite.Outcome[] outcomes = Judge(SchemaSuite.Real());
        Assert.Empty(outcomes.SelectMany(
            outcome => outcome.Let.Concat(outcome.Blocked).Select(text => $"{outcome.Case.Name}: {text}")));
        Assert.True(outcomes.Count(outcome => outcome.Refused is null) >= 193, "fewer schemas are enforced");
        int unchecked_ = SchemaSuite.Real().Count(one =>
            SchemaSuite.Compile(one with { Options = one.Options with { Unchecked = ["uniqueItems"] } }) is not null);
        int withFormats = SchemaSuite.Real(formats: true).Count(one => SchemaSuite.Compile(one) is not null);
        MadeTable.Check(Page, "real-schemas",
        [
            "| | schemas |",
            "| --- | --- |",
            $"| enforced as they are | {outcomes.Count(outcome => outcome.Refused is null)} |",
            $"| ... formats too | {withFormats} |",
            .. outcomes.Where(outcome => outcome.Refused is not null).GroupBy(outcome => outcome.Refused!)
                .OrderByDescending(group => group.Count()).Select(group => $"| refused: `{group.Key}` | {group.Count()} |"),
            $"| enforced with `Unchecked = [\"uniqueItems\"]` | {unchecked_} |",
            "| judged wrongly | 0 |",
        ]);
    }

    private SchemaSuite.Outcome[] Judge(IEnumerable<SchemaSuite.Case> cases)
    {
        SchemaSuite.Outcome[] outcomes = [.. cases.Select(SchemaSuite.Judge)];
        foreach (SchemaSuite.Outcome outcome in outcomes.Where(outcome => outcome.Refused is not null))
            output.WriteLine($"refused [{outcome.Refused}] {outcome.Case.Name}: {outcome.Message}");
        double[] times = [.. outcomes.Select(outcome => outcome.Compile.TotalMilliseconds).Order()];
        output.WriteLine(
            $"compiled in ms: half {times[times.Length / 2]:F1}, 90 % {times[times.Length * 9 / 10]:F1}, most {times[^1]:F1}");
        return outcomes;
    }

    private static IEnumerable<string> Table(SchemaSuite.Outcome[] outcomes)
    {
        yield return "| keyword | schemas | enforced | no value | refused | by | wrong |";
        yield return "| --- | --- | --- | --- | --- | --- | --- |";
        foreach (string keyword in outcomes.SelectMany(outcome => outcome.Case.Keywords).Distinct().Order(StringComparer.Ordinal)
            .Where(SchemaKeywords.Constrains))
            yield return Row($"`{keyword}`", [.. outcomes.Where(outcome => outcome.Case.Keywords.Contains(keyword))]);
        yield return Row("all", outcomes);
    }

    private static string Row(string name, SchemaSuite.Outcome[] outcomes)
    {
        SchemaSuite.Outcome[] refused = [.. outcomes.Where(outcome => outcome.Refused is { Length: > 0 })];
        string by = string.Join(", ", refused.GroupBy(outcome => outcome.Refused!).OrderByDescending(group => group.Count())
            .ThenBy(group => group.Key, StringComparer.Ordinal).Select(group => $"`{group.Key}` {group.Count()}"));
        int enforced = outcomes.Count(outcome => outcome.Refused is null);
        int empty = outcomes.Count(outcome => outcome.Refused == ""), wrong = outcomes.Count(outcome => outcome.Let.Count > 0);
        return $"| {name} | {outcomes.Length} | {enforced} | {empty} | {refused.Length} | {by} | {wrong} |";
    }
}
