using System.Text.Json;

namespace Seriatim.Conformance.Tests;

/// <summary>A trained model: the 260K stories model of llama2.c.</summary>
public sealed class StoriesTests
{
    private static string Folder => Path.Combine(GoldenRoots.Shared, "models", "stories260K");

    public static IEnumerable<object[]> Ops => Directory.Exists(Folder)
        ? OpsUnderTest.Names.Select(name => new object[] { "stories260K", name })
        : [[$"{Folder} does not exist", "none"]];

    [StoriesTheory]
    [MemberData(nameof(Ops))]
    public void LogitsEqualTheReference(string name, string opsName)
    {
        using Model model = Model.Load(Folder, new ModelLoadOptions { Device = OpsUnderTest.DeviceOf(opsName) });
        using var expected = new GoldenTensors(Path.Combine(Folder, "expected.safetensors"));
        float[][] logits = Runs.DecoderLogits(model, OpsUnderTest.Get(opsName), expected.Ids("input_ids"));
        Close.Check($"{name} logits", expected.Floats("logits"), logits[0], 1e-3);
    }

    [StoriesTheory]
    [MemberData(nameof(Ops))]
    public void GreedyContinuationEqualsTheReference(string name, string opsName)
    {
        using Model model = Model.Load(Folder, new ModelLoadOptions { Device = OpsUnderTest.DeviceOf(opsName) });
        using JsonDocument json = LenientJson.Parse(Path.Combine(Folder, "expected.json"));
        foreach (JsonElement test in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            int[] prompt = Greedy.Ids(test.GetProperty("prompt_ids"));
            int[] expected = Greedy.Ids(test.GetProperty("token_ids"));
            int[][] made = Greedy.Cached(model, OpsUnderTest.Get(opsName), [prompt], expected.Length - prompt.Length);
            Assert.Equal(expected, prompt.Concat(made[0]));
        }

        Assert.Equal("stories260K", name);
    }
}

/// <summary>A theory that is skipped, with the reason as its name, where ../shared/models is missing.</summary>
[Xunit.Sdk.XunitTestCaseDiscoverer("Seriatim.Conformance.Tests.StoriesTheoryDiscoverer", "Conformance.Tests")]
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StoriesTheoryAttribute : TheoryAttribute;

/// <summary>Skips rows that say what is missing.</summary>
internal sealed class StoriesTheoryDiscoverer(Xunit.Abstractions.IMessageSink messages) : Xunit.Sdk.TheoryDiscoverer(messages)
{
    protected override IEnumerable<Xunit.Sdk.IXunitTestCase> CreateTestCasesForDataRow(
        Xunit.Abstractions.ITestFrameworkDiscoveryOptions discoveryOptions, Xunit.Abstractions.ITestMethod testMethod,
        Xunit.Abstractions.IAttributeInfo theoryAttribute, object[] dataRow) => (string)dataRow[1] == "none"
            ? CreateTestCasesForSkippedDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow, (string)dataRow[0])
            : base.CreateTestCasesForDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow);
}
