using System.Reflection;
using Seriatim.Shared;

namespace Seriatim.Generation.Tests;

/// <summary>The one table of samplers, and what is made from it.</summary>
public sealed class SamplerTableTests
{
    private const int Vocabulary = 30;

    [Fact]
    public void TheGuideListsTheSamplersAsTheTableHasThem()
    {
        static string Code(IEnumerable<string> words) => string.Join(", ", words.Select(word => $"`{word}`"));
        MadeTable.Check("docs/guide/generation.md", "samplers",
        [
            "| # | option | neutral | what it does to the logit `l` of a token |",
            "|---|---|---|---|",
            .. Samplers.HuggingFace.Select((sampler, i) => $"| {i + 1} | {Code(sampler.Options.Select(option => option.Path))} | "
                + $"{string.Join(", ", sampler.Options.Select(option => option.Neutral).Distinct())} | {sampler.Does} |"),
            "",
            "From the temperature on, the order is",
            .. Enum.GetValues<SamplerOrder>().Select(order => $"- `{order}`: "
                + string.Join(", ", Samplers.In(order).Where(s => s.Stage != SamplerStage.Score).Select(s => s.Name))),
        ]);
    }

    [Fact]
    public void NamesAndFlagsAreThereOnce()
    {
        IReadOnlyList<Sampler> all = Samplers.HuggingFace;
        Assert.Equal(all.Count, all.Select(sampler => sampler.Name).Distinct().Count());
        string[] flags = [.. all.SelectMany(sampler => sampler.Flags).SelectMany(flag => flag.Names)];
        Assert.Equal(flags.Length, flags.Distinct().Count());
        Assert.Equal(all.OrderBy(sampler => sampler.Name), Samplers.LlamaCpp.OrderBy(sampler => sampler.Name));
    }

    [Theory]
    [InlineData(SamplerOrder.HuggingFace)]
    [InlineData(SamplerOrder.LlamaCpp)]
    public void ScoresComeFirstAndTheTemperatureOnTheSideOfTheOrder(SamplerOrder order)
    {
        SamplerStage[] stages = [.. Samplers.In(order).Select(sampler => sampler.Stage)];
        IEnumerable<SamplerStage> expected = order == SamplerOrder.HuggingFace
            ? [SamplerStage.Score, SamplerStage.Temperature, SamplerStage.Truncation]
            : [SamplerStage.Score, SamplerStage.Truncation, SamplerStage.Temperature];
        Assert.Equal(expected, stages.Where((stage, i) => i == 0 || stages[i - 1] != stage));
    }

    [Fact]
    public void NothingIsSetByDefault()
    {
        Assert.DoesNotContain(Samplers.HuggingFace, sampler => sampler.IsSet(new SamplingOptions()));
        var terms = new SamplerTerms(new() { Prompt = new[] { 1 } }, [2], 10, Vocabulary);
        Assert.Empty(Samplers.HuggingFace.SelectMany(sampler => sampler.For(terms)));
    }

    /// <summary>Whoever adds an option adds a row, or says here why not.</summary>
    [Fact]
    public void EveryOptionBelongsToARow()
    {
        string[] known = [.. Samplers.HuggingFace.SelectMany(sampler => sampler.Options).Select(option => option.Path)];
        foreach ((Type type, string before) in ((Type, string)[])[
            (typeof(SamplingOptions), ""), (typeof(PenaltyOptions), "Penalties."), (typeof(TokenConstraints), "Constraints.")])
        {
            foreach (PropertyInfo property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
            {
                // The parts, the order of the rows, and what several penalties share.
                if (before + property.Name is not ("Penalties" or "Constraints" or "Order" or "Penalties.LastN"))
                    Assert.Contains(before + property.Name, known);
            }
        }
    }

    /// <summary>A flag sets the option that it says, and its usual number is what holds without it.</summary>
    [Fact]
    public void FlagsSetTheirOptions()
    {
        int flags = 0;
        foreach (Sampler sampler in Samplers.HuggingFace.Where(sampler => sampler.Flags.Count > 0))
        {
            var set = new SamplingOptions();
            foreach (SamplerFlag flag in sampler.Flags)
            {
                Assert.Equal(flag.NeedsFirst, sampler.Flags[0] != flag && sampler.Options.All(o => o.Path != flag.Option));
                bool isVersion = flag.Option == "Mirostat", isGrowth = flag.Option == "Penalties.Dry.Base";
                SamplingOptions next = Set(flag, set, isGrowth ? 1.5f : 0.3f, isVersion ? 2 : 3);
                Assert.NotEqual(Value(set, flag.Option), Value(next, flag.Option));
                Assert.True(sampler.IsSet(next), $"{flag.Names[0]} does not set {sampler.Name}.");
                if (!flag.NeedsFirst)
                    Assert.False(sampler.IsSet(Set(flag, new(), Convert.ToSingle(flag.Usual), Convert.ToInt32(flag.Usual))));
                set = next;
                flags++;
            }

            SamplingChecks.Check(set, Vocabulary);
        }

        Assert.True(flags > 20);
    }

    private static SamplingOptions Set(SamplerFlag flag, SamplingOptions options, float number, int whole) => flag switch
    {
        SamplerFlag<float> decimals => decimals.Set(options, number),
        SamplerFlag<int> integers => integers.Set(options, whole),
        _ => throw new InvalidOperationException($"{flag.Names[0]} has a type that this test does not know."),
    };

    private static object? Value(object? from, string path) =>
        path.Split('.').Aggregate(from, (value, name) => value?.GetType().GetProperty(name)!.GetValue(value));
}
