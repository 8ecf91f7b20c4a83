using System.Globalization;
using Seriatim.Generation;
using Seriatim.Shared;

namespace Seriatim.Cli.Tests;

/// <summary>The page of the command line has the flags that the table of samplers has.</summary>
public sealed class SamplerGuideTests
{
    [Fact]
    public void The_page_lists_the_flags_as_the_table_has_them() => MadeTable.Check("docs/guide/command-line.md", "flags",
    [
        "| flag | default | meaning |",
        "|---|---|---|",
        .. Samplers.HuggingFace.Where(sampler => sampler.Flags.Count > 0).OrderBy(sampler => sampler.Stage == SamplerStage.Score)
            .Select(sampler => $"| {string.Join(", ", sampler.Flags.Select(Names))} | "
                + $"{string.Join(", ", sampler.Flags.Select(Default))} | "
                + $"{string.Join(" ", sampler.Flags.Select(flag => flag.Help))} |"),
    ]);

    private static string Names(SamplerFlag flag) =>
        $"`{flag.Names[0]}`" + string.Concat(flag.Names.Skip(1).Select(name => $" (`{name}`)"));

    private static string Default(SamplerFlag flag)
    {
        string usual = Convert.ToString(flag.Usual, CultureInfo.InvariantCulture)!;
        if (!flag.IsFromModel)
            return usual;
        object? common = flag.Option.Split('.').Aggregate((object?)GenerationDefaults.Common.Sampling,
            (value, name) => value?.GetType().GetProperty(name)!.GetValue(value));
        return $"the model's, else {Convert.ToString(common, CultureInfo.InvariantCulture)}";
    }
}
