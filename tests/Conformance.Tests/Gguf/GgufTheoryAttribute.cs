using Xunit.Abstractions;
using Xunit.Sdk;

namespace Seriatim.Conformance.Tests;

/// <summary>A theory over golden GGUF files; without them it is reported as skipped.</summary>
[XunitTestCaseDiscoverer("Seriatim.Conformance.Tests.GgufTheoryDiscoverer", "Conformance.Tests")]
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GgufTheoryAttribute : TheoryAttribute;

/// <summary>Turns the row that stands for missing data into a skipped test case.</summary>
internal sealed class GgufTheoryDiscoverer(IMessageSink messages) : TheoryDiscoverer(messages)
{
    protected override IEnumerable<IXunitTestCase> CreateTestCasesForDataRow(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute, object[] dataRow) =>
        (string)dataRow[0] == GgufCases.Missing
            ? CreateTestCasesForSkippedDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow, GoldenRoots.SharedGolden + " has no gguf folder")
            : base.CreateTestCasesForDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow);
}
