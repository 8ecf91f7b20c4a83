using Xunit.Abstractions;
using Xunit.Sdk;

namespace Seriatim.Conformance.Tests;

/// <summary>A theory whose first argument is the name of a golden case; cases that cannot be tested are reported as skipped.</summary>
[XunitTestCaseDiscoverer("Seriatim.Conformance.Tests.GoldenTheoryDiscoverer", "Conformance.Tests")]
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GoldenTheoryAttribute : TheoryAttribute;

/// <summary>Turns rows that cannot be tested into skipped test cases, with their reason.</summary>
internal sealed class GoldenTheoryDiscoverer(IMessageSink messages) : TheoryDiscoverer(messages)
{
    protected override IEnumerable<IXunitTestCase> CreateTestCasesForDataRow(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute, object[] dataRow) =>
        GoldenCases.SkipReason((string)dataRow[0]) is { } reason
            ? CreateTestCasesForSkippedDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow, reason)
            : base.CreateTestCasesForDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow);
}
