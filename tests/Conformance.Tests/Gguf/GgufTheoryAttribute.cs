using Xunit.Abstractions;
using Xunit.Sdk;

namespace Seriatim.Conformance.Tests;

/// <summary>A theory over golden GGUF files; without them it is reported as skipped.</summary>
[XunitTestCaseDiscoverer("Seriatim.Conformance.Tests.GgufTheoryDiscoverer", "Conformance.Tests")]
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GgufTheoryAttribute : TheoryAttribute;

/// <summary>Turns rows that stand for missing data, or for families that are not built, into a skipped test case.</summary>
internal sealed class GgufTheoryDiscoverer(IMessageSink messages) : TheoryDiscoverer(messages)
{
    protected override IEnumerable<IXunitTestCase> CreateTestCasesForDataRow(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute, object[] dataRow) =>
        GgufCases.SkipReason((string)dataRow[0]) is { } reason
            ? CreateTestCasesForSkippedDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow, reason)
            : base.CreateTestCasesForDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow);
}
