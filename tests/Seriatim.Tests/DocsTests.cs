using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Seriatim.Tests;

/// <summary>
/// The C# of README, guide and packages' pages, as a reader pastes it into a new console project: a block with using directives
/// begins a program, a block without goes on with the one before it.
/// </summary>
[Collection(Alone.Name)]
public sealed partial class DocsTests
{
    private const string ImplicitUsings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
        """;

    private const string ImplicitWebUsings = """
        global using Microsoft.AspNetCore.Builder; global using Microsoft.AspNetCore.Hosting; global using Microsoft.AspNetCore.Http;
        global using Microsoft.AspNetCore.Routing; global using Microsoft.Extensions.Configuration; global using Microsoft.Extensions.DependencyInjection;
        global using Microsoft.Extensions.Hosting; global using Microsoft.Extensions.Logging;
        """;

    public static TheoryData<string> Pages =>
    [
        "README.md", "README.zh-CN.md",
        .. Files("docs/guide", "*.md"), .. Files("src", "PACKAGE.md"), .. Files("packaging", "PACKAGE.md"),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Code_compiles_as_it_stands(string page)
    {
        foreach (string program in Programs(page))
        {
            Diagnostic? error = Compile(program).GetDiagnostics().FirstOrDefault(d => d.Severity == DiagnosticSeverity.Error);
            Assert.True(error is null, $"{page}: {error}{Environment.NewLine}{program}");
        }
    }

    /// <summary>Pages that speak of <c>folder</c> are given a tiny model.</summary>
    [Theory]
    [InlineData("README.md", "")]
    [InlineData("README.zh-CN.md", "")]
    [InlineData("src/Seriatim/PACKAGE.md", "")]
    [InlineData("docs/guide/server.md", "")]
    [InlineData("docs/guide/library.md", "llama")]
    [InlineData("docs/guide/generation.md", "llama")]
    [InlineData("docs/guide/json-schema.md", "")]
    [InlineData("docs/guide/translation.md", "t5")]
    public void Code_runs(string page, string model)
    {
        using var temp = new TempFolder();
        if (model == "llama")
            TinyModels.WriteLlama(temp.Path);
        else if (model == "t5")
            TinyModels.WriteT5(temp.Path);
        string[] programs = [.. Programs(page)];
        Assert.NotEmpty(programs);
        foreach (string program in programs)
            Assert.NotEmpty(Run(program.Replace("\"a folder\"", $"@\"{temp.Path}\"", StringComparison.Ordinal)).Trim());
    }

    [Fact]
    public void A_page_that_does_not_compile_is_seen() =>
        Assert.Contains(Compile("Console.WriteLin();").GetDiagnostics(), d => d.Severity == DiagnosticSeverity.Error);

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.GetFiles(Path.Combine(Repository.Root, folder), pattern, SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/'))
            .Where(path => !path.Contains("/obj/") && !path.Contains("/bin/")).Order();

    private static IEnumerable<string> Programs(string page)
    {
        var usings = new StringBuilder();
        var code = new StringBuilder();
        var types = new StringBuilder();
        foreach (Match block in CSharpBlock().Matches(File.ReadAllText(Path.Combine(Repository.Root, page))))
        {
            string[] lines = block.Groups[1].Value.Split('\n');
            if (lines.Any(line => UsingDirective().IsMatch(line)) && code.Length > 0)
            {
                yield return Whole(usings, code.Append(types));
                (usings, code, types) = (new StringBuilder(), new StringBuilder(), new StringBuilder());
            }

            // Types of a block, which end it, come after the statements of all blocks.
            bool isType = false;
            foreach (string line in lines)
            {
                isType |= TypeDeclaration().IsMatch(line);
                (UsingDirective().IsMatch(line) ? usings : isType ? types : code).Append(line).Append('\n');
            }
        }

        if (code.Length > 0)
            yield return Whole(usings, code.Append(types));
    }

    /// <summary>A page that speaks of <c>folder</c> says above its code that it is a model's.</summary>
    private static string Whole(StringBuilder usings, StringBuilder code) =>
        $"{usings}{(Folder().IsMatch($"{code}") ? "string folder = \"a folder\";\n" : "")}{code}";

    private static CSharpCompilation Compile(string program)
    {
        string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        string web = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(framework))!, "Microsoft.AspNetCore.App",
            Path.GetFileName(framework));
        bool isWeb = program.Contains("WebApplication", StringComparison.Ordinal);
        IEnumerable<string> assemblies = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => !isWeb || !File.Exists(Path.Combine(web, Path.GetFileName(path))))
            .Concat(isWeb ? Directory.GetFiles(web, "Microsoft.*.dll") : []);
        var options = new CSharpParseOptions(LanguageVersion.Preview);
        return CSharpCompilation.Create($"page{Guid.NewGuid():N}",
            [CSharpSyntaxTree.ParseText(program, options),
                CSharpSyntaxTree.ParseText(ImplicitUsings + (isWeb ? ImplicitWebUsings : ""), options)],
            assemblies.Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
    }

    private static string Run(string program)
    {
        using var image = new MemoryStream();
        Assert.True(Compile(program).Emit(image).Success);
        MethodInfo entry = Assembly.Load(image.ToArray()).EntryPoint!;
        TextWriter before = Console.Out;
        using var output = new StringWriter();
        Console.SetOut(output);
        try
        {
            entry.Invoke(null, entry.GetParameters().Length == 0 ? null : [Array.Empty<string>()]);
        }
        finally
        {
            Console.SetOut(before);
        }

        return output.ToString();
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex(@"^(public |internal )?(sealed |static )?(class|record|struct|interface) ")]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"\(folder[,)]")]
    private static partial Regex Folder();

    [GeneratedRegex(@"^using (static )?[A-Za-z][\w.]*( = [\w.]+)?;")]
    private static partial Regex UsingDirective();
}
