using System.CommandLine;
using System.Reflection;
using System.Runtime.CompilerServices;
using Seriatim.Generation;

namespace Seriatim.Cli.Tests;

/// <summary>Flags: read alike everywhere, and named in every message.</summary>
public sealed class FlagTests
{
    private static readonly RootCommand Root = CommandLine.Build();

    [Fact]
    public void Every_option_of_the_library_has_a_flag_or_words()
    {
        string[] known = [.. FlagNames.Known];
        string[] all = [.. Names(typeof(GenerationRequest), ""), .. Names(typeof(EngineOptions), ""), .. Names(typeof(EncodingRequest), "")];
        Assert.True(all.Length > 70);
        Assert.All(all.Distinct(), name => Assert.Contains(name, known));
        string[] flags = [.. Root.Subcommands.SelectMany(verb => verb.Options).SelectMany(option => option.Aliases.Append(option.Name))];
        Assert.All(FlagNames.All, flag => Assert.Contains(flag, flags));
    }

    [Fact]
    public void Every_number_is_read_in_one_way()
    {
        int numbers = 0;
        foreach ((Command verb, Option option) in All(Root).SelectMany(verb => verb.Options.Select(option => (verb, option))))
        {
            Type type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
            bool isNumber = type.IsPrimitive && type != typeof(bool) || type == typeof(int[]) || option.Name == "--seed";
            if (!isNumber)
                continue;
            numbers++;
            foreach (string value in new[] { "0,5", "1,000", "1.000,5", "1 000", "1_000", "abc", "", "0x10", "1e", "Infinity", "½" })
                Assert.Contains(Wrong(verb, option, value), error => error.StartsWith($"{option.Name} is ", StringComparison.Ordinal) && !error.Contains("System.", StringComparison.Ordinal));
            Assert.DoesNotContain(Wrong(verb, option, "2"), error => error.StartsWith(option.Name, StringComparison.Ordinal));
        }

        Assert.True(numbers > 60);
    }

    [Theory]
    [InlineData("0.5", 0.5)]
    [InlineData("-1", -1.0)]
    [InlineData("1e-3", 0.001)]
    [InlineData("+2.", 2.0)]
    public void Decimals_have_a_point_and_may_have_an_exponent(string text, double value)
    {
        Assert.True(Numbers.TryRead(text, out double read));
        Assert.Equal(value, read);
    }

    [Fact]
    public void Whole_numbers_are_written_out()
    {
        Assert.False(Numbers.TryRead("1e3", out int _));
        Assert.False(Numbers.TryRead("2.0", out int _));
        Assert.False(Numbers.TryRead("-1", out ulong _));
        Assert.True(Numbers.TryRead($"{ulong.MaxValue}", out ulong most));
        Assert.Equal(ulong.MaxValue, most);
        Assert.Contains("0.5", Numbers.Needed<double>("0,5"));
    }

    [Fact]
    public void Misspelt_names_get_a_suggestion()
    {
        Assert.Equal("There is no command genrate. Did you mean generate?", Assert.Single(Find("genrate", "x")));
        Assert.Equal("There is no command encdoe. Did you mean encode?", Assert.Single(Find("tokenize", "encdoe")));
        Assert.Contains("--temp", Assert.Single(Find("generate", "--tmep", "0", "x")));
        Assert.Contains("--bogus", Assert.Single(Find("tokenize", "count", "-m", "stories", "--bogus")));
        Assert.Contains("--bogus", Assert.Single(Find("embed", "-m", "x", "a", "--bogus")));
        Assert.Contains("Auto, Mean", Assert.Single(Find("embed", "-m", "x", "a", "--pooling", "middle")));
        Assert.Contains("quotes", Assert.Single(Find("generate", "a", "b")));
        Assert.Contains("--temp", Assert.Single(Find("generate", "a", "--temp")));
        Assert.Contains("2 times", Assert.Single(Find("generate", "a", "--temp", "1", "--temp", "2")));
    }

    [Fact]
    public void Behind_two_hyphens_everything_is_text()
    {
        Assert.Empty(Find("generate", "--", "-text"));
        Assert.Empty(Find("translate", "--beams", "1", "--", "-text", "--beams"));
        Assert.Single(Find("translate", "-text", "--", "-text"));
        Assert.Empty(Find("generate", "@text"));
        Assert.Empty(Find("generate", "-n5", "--temp", "-1", "x"));
    }

    /// <summary>One process each: the exit code is what scripts see.</summary>
    [StoriesFact]
    public void Every_wrong_value_exits_2_and_names_its_flag()
    {
        foreach (string[] flags in new string[][]
        {
            ["-n", "0"], ["--top-p", "0"], ["--stop", ""], ["--n", "65"], ["-n", "abc"], ["-s", "x"], ["--temp", "-1"], ["-t", "-1"], ["--sinks", "4"], ["--beams", "0"],
            ["--beams", "4", "--num-beam-groups", "3"], ["--dry-multiplier", "1", "--dry-base", "0.5"], ["--logprobs", "1"], ["--window", "0"], ["--best-of", "2", "--n", "3"],
            ["--mirostat", "2", "--top-k", "4"], ["--xtc-probability", "0.5", "--temp", "0"], ["--repeat-penalty", "0"], ["--suppress-tokens", "99999"], ["--prompt-lookup", "--draft-max", "0"],
        })
        {
            (int code, string output, string error) = Cli.Run(["generate", "-m", Cli.Stories, "-p", "x", .. flags]);
            Assert.True(code == 2, $"{string.Join(' ', flags)} gave {code}: {error}");
            Assert.Empty(output);
            Assert.Contains("-", error);
            Assert.DoesNotMatch("MaxNew|Sampling|MaxSeq|System\\.|Penalties|Beam\\.|Window\\.|Count|BestOf|StopStrings|DraftModel|Speculation| TopK", error);
        }

        Assert.Equal(2, Cli.Run("quantize", "-m", Cli.Stories, "-o", "x.gguf", "--type", "q4km").Code);
    }

    private static string[] Wrong(Command verb, Option option, string value) => [.. Find([.. Path(verb), option.Name, value])];

    private static IReadOnlyList<string> Find(params string[] args) =>
        UsageReport.Find(Root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null }), args);

    private static IEnumerable<string> Path(Command verb) => verb is RootCommand ? [] : Path(verb.Parents.OfType<Command>().First()).Append(verb.Name);

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);

    /// <summary>Names as messages of the library have them: properties of records, and of the records in them.</summary>
    private static IEnumerable<string> Names(Type type, string before) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.CanWrite && !property.IsDefined(typeof(CompilerGeneratedAttribute))).SelectMany(property =>
        {
            Type inner = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            bool isRecord = inner.Namespace == typeof(GenerationRequest).Namespace && !inner.IsEnum && !inner.IsInterface && inner.GetMethod("<Clone>$") is not null;
            return isRecord ? Names(inner, $"{before}{property.Name}.").Prepend(before + property.Name) : [before + property.Name];
        });
}
