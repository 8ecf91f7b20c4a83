using System.Globalization;
using System.Reflection;
using System.Xml.Linq;
using Seriatim.Tensors;

namespace Seriatim.Tests;

/// <summary>Rules of the house that no compiler checks.</summary>
public sealed class HouseTests
{
    /// <summary>From the top of the house to its ground floor; projects on one floor do not know each other.</summary>
    private static readonly string[][] Floors =
    [
        ["Seriatim.Cli"],
        ["Seriatim.Simulation"],
        ["Seriatim.Web", "Seriatim.Cluster"],
        ["Seriatim.Lab", "Seriatim.Server"],
        ["Seriatim"],
        ["Seriatim.Generation", "Seriatim.Training"],
        ["Seriatim.Models"],
        ["Seriatim.Tokenizers", "Seriatim.Formats"],
        ["Seriatim.Tensors"],
    ];

    [Fact]
    public void Dependencies_point_down_only()
    {
        string[] projects = [.. Directory.GetDirectories(Path.Combine(Repository.Root, "src")).Select(Path.GetFileName)!];
        Assert.Equal(Floors.SelectMany(floor => floor).Order(), projects.Order());
        foreach (string project in projects)
        {
            foreach (string reference in References(project))
                Assert.True(FloorOf(reference) > FloorOf(project), $"{project} references {reference}, which is not below it.");
        }
    }

    /// <summary>
    /// What a library throws by a name of its own can be caught by one name; arguments are wrong by the system's names.
    /// </summary>
    [Fact]
    public void Every_public_exception_has_the_common_root()
    {
        Type[] exceptions = [.. Floors.SelectMany(floor => floor)
            .Where(project => project is not ("Seriatim.Cli" or "Seriatim.Web" or "Seriatim.Lab" or "Seriatim.Simulation"))
            .SelectMany(project => Assembly.Load(project).GetExportedTypes())
            .Where(type => type.IsAssignableTo(typeof(Exception)))];
        Assert.True(exceptions.Length > 20, $"Only {exceptions.Length} exceptions were found.");
        Assert.All(exceptions, type => Assert.True(
            type.IsAssignableTo(typeof(SeriatimException)) || type.IsAssignableTo(typeof(ArgumentException)),
            $"{type} derives from {type.BaseType}; derive it from {nameof(SeriatimException)}, or from ArgumentException."));
    }

    /// <summary>
    /// What is given back gets more members with time: a constructor with all of them in their order would break each time.
    /// </summary>
    [Fact]
    public void Results_have_no_constructor_with_all_their_members()
    {
        // What the caller gives, in two or three numbers that belong together.
        string[] given = ["XtcOptions", "DynamicTemperature", "SequenceBias", "MirostatOptions"];
        IEnumerable<Type> records = ((string[])["Seriatim", "Seriatim.Generation"])
            .SelectMany(project => Assembly.Load(project).GetExportedTypes())
            .Where(type => type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic) is not null);
        string[] positional = [.. records.Where(type => type.GetMethod("Deconstruct") is not null).Select(type => type.Name)];
        Assert.Equal(given.Order(StringComparer.Ordinal), positional.Order(StringComparer.Ordinal));
    }

    /// <summary>
    /// PublishAot on a command line reaches every project: one that a native build leaves out must not be refused by its analyzers.
    /// </summary>
    [Fact]
    public void What_a_native_build_leaves_out_does_not_break_it()
    {
        string[] left = [.. Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains("<IsAotCompatible>false", StringComparison.Ordinal))];
        Assert.True(left.Length > 1, "The page and the cluster are left out of native builds.");
        Assert.All(left, file => Assert.All(
            (string[])["EnableAotAnalyzer", "EnableTrimAnalyzer", "EnableSingleFileAnalyzer"],
            analyzer => Assert.Contains($"<{analyzer}>false", File.ReadAllText(file), StringComparison.Ordinal)));
    }

    [Fact]
    public void The_readme_and_ci_run_the_same_tests()
    {
        const string Command = "dotnet test Seriatim.slnx -c Release --filter \"Category!=Long\"";
        Assert.Contains(Command, File.ReadAllText(Path.Combine(Repository.Root, "README.md")));
        Assert.Contains(Command, File.ReadAllText(Path.Combine(Repository.Root, ".ci", "run")));
    }

    [Fact]
    public void Every_decision_has_a_number_of_its_own()
    {
        string folder = Path.Combine(Repository.Root, "docs", "decisions");
        string[] names = [.. Directory.GetFiles(folder, "*.md").Select(Path.GetFileName)!];
        Assert.All(names, name => Assert.Matches(@"^\d{3}-[a-z0-9-]+\.md$", name));
        Assert.Equal(names.Length, names.Select(name => name[..3]).Distinct().Count());
    }

    [Fact]
    public void No_line_in_src_is_longer_than_the_editorconfig_says()
    {
        string[] longer = [.. LongerLines("src")];
        Assert.True(longer.Length == 0, $"{longer.Length} lines in src have more than {MostColumns} characters, the most that "
            + ".editorconfig allows (max_line_length). Break them at the outermost "
            + $"bracket:\n{string.Join('\n', longer.Take(40))}");
    }

    /// <summary>
    /// These folders were written before the rule was kept. Their numbers may be lowered here, and never raised.
    /// </summary>
    [Theory]
    [InlineData("tests", 890)]
    [InlineData("benchmarks", 62)]
    [InlineData("samples", 9)]
    public void Longer_lines_outside_src_only_become_fewer(string folder, int most)
    {
        int longer = LongerLines(folder).Count();
        Assert.True(longer <= most,
            $"{folder} has {longer} lines of more than {MostColumns} characters, {longer - most} more than "
                + $"the {most} there were. The number may only fall: break the new lines, do not raise it.");
    }

    /// <summary>
    /// An op that an interface carries out by itself is an op that decorators and devices forget without a word: each has to say
    /// what it does with every op.
    /// </summary>
    [Theory]
    [InlineData(typeof(IOps))]
    [InlineData(typeof(IDifferentiableOps))]
    public void Interfaces_of_ops_carry_out_nothing_themselves(Type type)
    {
        const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        MethodInfo[] methods = type.GetMethods(Own);
        Assert.NotEmpty(methods);
        Assert.All(methods,
            method => Assert.True(method.IsAbstract, $"{type.Name}.{method.Name} has a body; leave it to those who "
                + "carry ops out, or make it an extension method of what is there."));
    }

    [Fact]
    public void Empty_texts_are_written_in_one_way()
    {
        const string Other = "string.Empty";
        string[] files =
            [.. SourceFiles("src").Where(file => File.ReadAllText(file).Contains(Other, StringComparison.OrdinalIgnoreCase))];
        Assert.True(files.Length == 0, $"{Other} is written \"\" in src: {string.Join(", ", files.Select(Shown))}");
    }

    /// <summary>
    /// No native library is needed. What is called of the system, which every process has loaded already, is called in these
    /// files (decisions 020 and 042), kernels of machine code are ours, and who is started by mpirun has Open MPI (043).
    /// </summary>
    [Fact]
    public void Native_code_is_called_in_few_places()
    {
        string[] ways = ["LibraryImport", "DllImport(", "NativeLibrary.", "delegate* unmanaged"];
        string[] allowed =
        [
            "src/Seriatim.Tensors/MachineCode/ExecutableMemory.cs", "src/Seriatim.Tensors/MachineCode/HalfCheck.cs",
            "src/Seriatim.Tensors/MachineCode/HalfKernels.cs", "src/Seriatim.Tensors/MachineCode/PanelKernels.cs",
            "src/Seriatim.Tensors/MachineCode/TileCheck.cs", "src/Seriatim.Tensors/MachineCode/TileKernels.cs",
            "src/Seriatim.Tensors/Memory/SystemMemory.cs", "src/Seriatim/Mpi/MpiLibrary.cs",
        ];
        string[] files = [.. SourceFiles("src").Where(file =>
            File.ReadAllText(file) is var text && ways.Any(way => text.Contains(way, StringComparison.Ordinal))).Select(Shown)];
        Assert.Equal(allowed, files);
    }

    private static int MostColumns { get; } = int.Parse(
        File.ReadLines(Path.Combine(Repository.Root, ".editorconfig"))
            .Single(line => line.StartsWith("max_line_length", StringComparison.Ordinal)).Split('=')[1],
        CultureInfo.InvariantCulture);

    private static IEnumerable<string> LongerLines(string folder) =>
        from file in SourceFiles(folder)
        from line in File.ReadLines(file).Index()
        let length = line.Item.EnumerateRunes().Count()
        where length > MostColumns
        select $"{Shown(file)}({line.Index + 1}): {length}";

    private static IEnumerable<string> SourceFiles(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !Shown(file).Split('/').Any(part => part is "obj" or "bin")).Order(StringComparer.Ordinal);

    private static string Shown(string file) => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/');

    private static int FloorOf(string project) => Array.FindIndex(Floors, floor => floor.Contains(project));

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(Path.Combine(Repository.Root, "src", project, $"{project}.csproj")).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
}
