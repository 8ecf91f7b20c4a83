using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Seriatim.Tests;

/// <summary>
/// What the parts of Seriatim.Tensors may know of each other, by the names they write: lanes and kernels know pointers; drivers,
/// the files listed here, cut a kernel's work into pieces for the team and know tensors and weights; ops know all of it.
/// </summary>
public sealed class LayeringTests
{
    private static readonly string[] Drivers =
    [
        "Kernels/AdafactorKernel.cs", "Kernels/UpdateKernel.cs", "Kernels/AttentionBackward.cs",
        "Kernels/AttentionBackward.Packing.cs", "Kernels/AttentionForward.cs", "Kernels/GatheredBackward.cs",
        "Kernels/GatheredForward.cs", "Kernels/LengthProjection.cs",
        "Kernels/AttentionKeys.cs", "Kernels/AttentionScores.cs",
        "Kernels/AttentionTask.cs", "Kernels/DenseProduct.cs", "Kernels/DenseProduct.Backward.cs",
        "Kernels/DenseProduct.Forward.cs",
        "Kernels/DenseProduct.Packing.cs", "Kernels/KeyValueStore.cs", "Kernels/NormKernel.cs", "Kernels/RowKernel.cs",
        "Quantization/QuantizedProduct.cs", "Quantization/QuantizedRows.cs",
    ];

    /// <summary>What drivers know and kernels do not: tensors, weights, what an op is asked for, threads.</summary>
    private static readonly string[] ForDrivers =
    [
        "Tensor", "Parameter", "LinearWeight", "DenseWeight", "QuantizedWeight", "NormWeight", "EmbeddingWeight",
        "AttentionRows", "AttentionSegment", "AttentionSpec", "KeyValuePool", "WorkerTeam",
    ];

    /// <summary>What nothing below the ops knows.</summary>
    private static readonly string[] ForOps =
        ["IOps", "IDifferentiableOps", "OpsExtensions", "CpuOps", "ReferenceOps", "DeviceOps", "ObservedOps", "Tape"];

    private static string Source => Path.Combine(Repository.Root, "src");

    [Fact]
    public void Lanes_know_nothing_but_numbers() =>
        Assert.Empty(Offences("Lanes", [.. ForDrivers, .. ForOps, "Scratch", "IWork", "TensorPool"]));

    [Fact]
    public void Kernels_know_no_tensors_and_no_threads()
    {
        foreach (string folder in (string[])["Kernels", "Quantization", "MachineCode"])
        {
            Assert.Empty(Offences(folder, [.. ForDrivers, .. ForOps], except: Drivers));
            Assert.Empty(Offences(folder, [.. ForOps, .. OpFiles()]));
        }
    }

    [Fact]
    public void Every_driver_is_one()
    {
        foreach (string driver in Drivers)
        {
            string code = File.ReadAllText(Path.Combine(Source, "Seriatim.Tensors", driver));
            IEnumerable<string> known = Identifiers(code).Intersect(ForDrivers);
            Assert.True(known.Any(), $"{driver} names no tensor, weight or team: it is a kernel and leaves the list.");
        }
    }

    /// <summary>Memory and threads are below everything else.</summary>
    [Fact]
    public void Threads_know_no_tensors_and_no_kernels()
    {
        Assert.Empty(Offences("Threading", [.. ForDrivers.Except(["WorkerTeam"]), .. ForOps]));
    }

    /// <summary>
    /// What is different for a width is a constant of the trait: a type that is asked for is a width that is forgotten.
    /// </summary>
    [Fact]
    public void Nobody_asks_which_lanes_these_are()
    {
        IEnumerable<string> asked = from file in Files(Source)
                                    from type in Parse(File.ReadAllText(file)).DescendantNodes().OfType<TypeOfExpressionSyntax>()
                                    from name in type.Type.DescendantTokens()
                                    where name.ValueText.StartsWith("Lane", StringComparison.Ordinal)
                                    select $"{Path.GetRelativePath(Source, file)}: {type}";
        Assert.Empty(asked);
    }

    /// <summary>The checks above see names in code, and no others.</summary>
    [Fact]
    public void Names_are_found_in_code_alone()
    {
        const string Code = """
            /// <summary>A <see cref="Tensor"/>.</summary>
            struct Work { /* Parameter */ WorkerTeam Team; string Name => "Tape"; bool B => typeof(LanePair<X>) != null; }
            """;
        string[] names = [.. Identifiers(Code)];
        Assert.Contains("WorkerTeam", names);
        Assert.Contains("LanePair", names);
        Assert.DoesNotContain("Tensor", names);
        Assert.DoesNotContain("Parameter", names);
        Assert.DoesNotContain("Tape", names);
    }

    private static List<string> Offences(string folder, string[] forbidden, string[]? except = null)
    {
        string root = Path.Combine(Source, "Seriatim.Tensors");
        var offences = new List<string>();
        string[] files = [.. Files(Path.Combine(root, folder))];
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            string name = Path.GetRelativePath(root, file).Replace('\\', '/');
            if (except?.Contains(name) == true)
                continue;
            string[] found = [.. Identifiers(File.ReadAllText(file)).Intersect(forbidden)];
            if (found.Length > 0)
                offences.Add($"{name} names {string.Join(", ", found)}");
        }

        return offences;
    }

    /// <summary>The types of the files of ops.</summary>
    private static IEnumerable<string> OpFiles() => Files(Path.Combine(Source, "Seriatim.Tensors", "Ops"))
        .Select(file => Path.GetFileNameWithoutExtension(file)).Where(name => name.EndsWith("Op", StringComparison.Ordinal));

    private static IEnumerable<string> Files(string folder) => Directory
        .EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    private static IEnumerable<string> Identifiers(string code) => Parse(code).DescendantTokens()
        .Where(token => token.IsKind(SyntaxKind.IdentifierToken)).Select(token => token.ValueText).Distinct();

    private static SyntaxNode Parse(string code) => CSharpSyntaxTree.ParseText(code).GetRoot();
}
