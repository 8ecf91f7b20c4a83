using Seriatim.Tensors;

namespace Seriatim.Lab.Tests;

/// <summary>Every experiment, in its smallest size.</summary>
public sealed class ExperimentTests
{
    private static readonly MachineSpeed SomeLimits = new(1e10, 1e11, 0);

    /// <summary>
    /// A goal, not a sign: the shipped model of Mask-Predict is further below its teacher than its rule allows (its card says how
    /// far), and the lab says so.
    /// </summary>
    private const string FallsShort = "bleu-gap";

    /// <summary>Half a minute and more each, twice over: they train several models.</summary>
    private static readonly string[] Slow = ["mask-predict", "architectures"];

    public static TheoryData<string> Quick => [.. LabExperiments.All.Select(e => e.Name).Except(Slow)];

    public static TheoryData<string> Long => [.. Slow];

    public static TheoryData<string> Names => [.. LabExperiments.All.Select(e => e.Name)];

    /// <summary>
    /// Two runs with one seed give the same figures but for times, and the signs of what is counted are those of the claim.
    /// </summary>
    [Theory]
    [MemberData(nameof(Quick))]
    public Task An_experiment_shows_the_sign_of_its_claim_and_repeats_itself(string name) => ShowsAndRepeatsAsync(name);

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Long))]
    public Task So_do_those_that_take_long(string name) => ShowsAndRepeatsAsync(name);

    /// <summary>A rule that nothing can break is none.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Each_condition_of_a_rule_can_fail(string name)
    {
        Experiment experiment = LabExperiments.Find(name)!;
        Assert.NotEmpty(experiment.Rule);
        foreach (Expectation expectation in experiment.Rule)
        {
            Assert.True(expectation.Low >= expectation.FarLow && expectation.High <= expectation.FarHigh, expectation.Figure);
            double[] bad = [expectation.FarLow - 1, expectation.FarHigh + 1];
            Assert.Contains(bad.Where(double.IsFinite), value => expectation.Judge(value) == Verdict.DoesNotHold);
            Assert.Equal(Verdict.DoesNotHold, expectation.Judge(double.NaN));
        }
    }

    [Fact]
    public void Names_are_unique_and_fit_a_command_line() =>
        Assert.All(LabExperiments.All.GroupBy(e => e.Name), group =>
        {
            Assert.Single(group);
            Assert.Matches("^[a-z][a-z-]*$", group.Key);
        });

    private static async Task ShowsAndRepeatsAsync(string name)
    {
        Experiment experiment = LabExperiments.Find(name)!;
        LabResult first = await RunAsync(experiment), second = await RunAsync(experiment);
        Assert.Null(first.Skipped);
        Assert.NotNull(first.Plot);
        Assert.Equal(first.Figures.Where(f => !f.Timed), second.Figures.Where(f => !f.Timed));
        Assert.Equal(first.Tables.Where(t => !t.Timed).SelectMany(t => t.Rows),
            second.Tables.Where(t => !t.Timed).SelectMany(t => t.Rows));
        Assert.All(first.Figures, figure => Assert.True(double.IsFinite(figure.Value), $"{figure.Key} is {figure.Value}."));
        foreach (Expectation expectation in experiment.Rule)
        {
            Figure figure = Assert.Single(first.Figures, f => f.Key == expectation.Figure);
            if (!figure.Timed && expectation.Figure != FallsShort)
            {
                Assert.True(expectation.Judge(figure.Value) <= Verdict.HoldsWithAnotherFactor,
                    $"{figure.Key} is {figure.Value}.");
            }
        }
    }

    internal static Task<LabResult> RunAsync(Experiment experiment, LabOptions? options = null) => LabRunner.RunAsync(
        experiment, options ?? new LabOptions(LabSize.Tiny), SomeLimits, new ModelHub(), _ => { }, CancellationToken.None);
}
