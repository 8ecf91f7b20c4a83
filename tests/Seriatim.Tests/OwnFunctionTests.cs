using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Seriatim.Tests;

/// <summary>
/// Transcendental functions of the runtime are those of the machine's C library: their last bit is not ours. What models compute
/// takes
/// <c>LaneMath</c> and <c>PlainMath</c>; only the oracles of ops, which are compared with tolerances, may ask the library.
/// </summary>
public sealed class OwnFunctionTests
{
    private static readonly string[] Projects = ["Seriatim.Tensors", "Seriatim.Models", "Seriatim.Generation"];

    private static readonly string[] Types = ["Math", "MathF", "Double", "Single", "double", "float", "TensorPrimitives"];

    private static readonly string[] Functions =
    [
        "Exp", "Exp2", "Exp10", "ExpM1", "Log", "Log2", "Log10", "LogP1", "Pow", "Cbrt", "RootN", "Hypot",
        "Sin", "Cos", "SinCos", "SinPi", "CosPi",
        "Tan", "Asin", "Acos", "Atan", "Atan2", "Sinh", "Cosh", "Tanh", "Asinh", "Acosh", "Atanh", "Sigmoid", "SoftMax",
    ];

    /// <summary>Scalar references and the state they keep.</summary>
    private static readonly string[] Oracles =
    [
        "Seriatim.Tensors/Ops/ActivationMath.cs", "Seriatim.Tensors/Ops/AttentionReference.cs",
        "Seriatim.Tensors/Ops/CrossEntropyOp.cs", "Seriatim.Tensors/Ops/DistillationOp.cs",
        "Seriatim.Tensors/Ops/DeltaRuleOp.cs", "Seriatim.Tensors/Ops/DeltaRuleBackwardOp.cs",
        "Seriatim.Tensors/Ops/GatedRecurrenceOp.cs",
        "Seriatim.Tensors/Ops/GatheredReference.cs",
        "Seriatim.Tensors/Ops/LinearRecurrenceOp.cs",
        "Seriatim.Tensors/Ops/SelectiveScanBackwardOp.cs",
        "Seriatim.Tensors/Ops/SelectiveScanOp.cs",
        "Seriatim.Tensors/Ops/SoftCapOp.cs",
    ];

    [Fact]
    public void Models_ask_no_library_for_functions()
    {
        string source = Path.Combine(Repository.Root, "src");
        var calls = new List<string>();
        foreach (string project in Projects)
        {
            foreach (string file in Directory.EnumerateFiles(Path.Combine(source, project), "*.cs", SearchOption.AllDirectories))
            {
                string name = Path.GetRelativePath(source, file).Replace('\\', '/');
                if (name.Contains("/obj/") || Oracles.Contains(name))
                    continue;
                calls.AddRange(Calls(File.ReadAllText(file)).Select(call => $"{name}: {call}"));
            }
        }

        Assert.Empty(calls);
    }

    /// <summary>The oracles are on the list because they ask, and for nothing else; what they ask is found.</summary>
    [Fact]
    public void Every_oracle_is_one() => Assert.All(
        Oracles, oracle => Assert.NotEmpty(Calls(File.ReadAllText(Path.Combine(Repository.Root, "src", oracle)))));

    [Theory]
    [InlineData("double P(double x) => Math.Exp(x);", 1)]
    [InlineData("double P(double x) => System.Math.Log(x) + double.Sin(x);", 2)]
    [InlineData("var y = x.Select(MathF.Tanh);", 1)]
    [InlineData("double P(double x) => PlainMath.Exp(Math.Sqrt(Math.Abs(x)));", 0)]
    [InlineData("// Math.Exp(x)", 0)]
    [InlineData("string s = \"Math.Exp(x)\";", 0)]
    public void Calls_are_found(string code, int count) => Assert.Equal(count, Calls(code).Count());

    private static IEnumerable<string> Calls(string code) =>
        from access in CSharpSyntaxTree.ParseText(code).GetRoot().DescendantNodes().OfType<MemberAccessExpressionSyntax>()
        where Functions.Contains(access.Name.Identifier.ValueText)
        where Types.Contains(access.Expression.ToString().Split('.')[^1])
        select access.ToString();
}
