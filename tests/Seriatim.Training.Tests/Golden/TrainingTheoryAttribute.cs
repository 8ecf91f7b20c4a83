using Xunit.Abstractions;
using Xunit.Sdk;

namespace Seriatim.Training.Tests;

/// <summary>A theory over the training cases of ../shared/golden; families that are not built are reported as skipped.</summary>
[XunitTestCaseDiscoverer("Seriatim.Training.Tests.TrainingTheoryDiscoverer", "Seriatim.Training.Tests")]
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TrainingTheoryAttribute : TheoryAttribute;

/// <summary>Turns cases that cannot be tested into skipped ones, with their reason.</summary>
internal sealed class TrainingTheoryDiscoverer(IMessageSink messages) : TheoryDiscoverer(messages)
{
    protected override IEnumerable<IXunitTestCase> CreateTestCasesForDataRow(ITestFrameworkDiscoveryOptions discoveryOptions,
        ITestMethod testMethod, IAttributeInfo theoryAttribute, object[] dataRow) =>
        SkipReason((string)dataRow[0]) is { } reason
            ? CreateTestCasesForSkippedDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow, reason)
            : base.CreateTestCasesForDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow);

    private static string? SkipReason(string name)
    {
        if (Shared.Folder is null)
            return "../shared is missing";
        try
        {
            Model.Load(Shared.Path("golden", name)).Dispose();
            return null;
        }
        catch (UnknownArchitectureException error)
        {
            return $"{name}: {error.Message}";
        }
    }
}
