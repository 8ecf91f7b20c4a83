using JsonTree = System.Text.Json.Nodes.JsonNode;

namespace Seriatim.Tokenizers.Tests;

/// <summary>
/// Templates against Jinja2 itself. To check real ones, which are not ours to keep here, put <c>*.jinja</c> files in a folder and name it in
/// the environment variable <c>SERIATIM_TEMPLATES</c>: the last test renders all of them over all conversations with both.
/// </summary>
public sealed class TemplateOracleTests
{
    [JinjaFact]
    public void Templates_as_models_have_them_give_what_Jinja2_gives()
    {
        string folder = Path.Combine(Shared.Repository, "tests", "Seriatim.Tokenizers.Tests", "ChatTemplates");
        (int compared, List<string> differences) = JinjaOracle.Compare(folder);
        Assert.True(compared >= 9 * 27 * 2, $"{compared} renderings");
        Assert.Empty(differences);
    }

    [JinjaFact]
    public void Small_programs_give_what_Jinja2_gives()
    {
        string folder = Directory.CreateTempSubdirectory("seriatim-programs-").FullName;
        for (int i = 0; i < TemplatePrograms.All.Length; i++)
            File.WriteAllText(Path.Combine(folder, $"{i:000}.jinja"), TemplatePrograms.All[i]);
        var wrong = new List<string>();
        JsonTree one = JinjaOracle.Conversations();
        foreach (string name in one["conversations"]!.AsObject().Select(pair => pair.Key).Where(name => name is not "awkward-call").ToList())
            one["conversations"]!.AsObject().Remove(name);
        foreach ((string template, string conversation, bool prompt, string? expected) in JinjaOracle.Render(folder, one))
        {
            string source = File.ReadAllText(Path.Combine(folder, template));
            (string? text, string? problem) = JinjaOracle.Ours(source, one, conversation, prompt);
            if (text != expected)
                wrong.Add($"{source}\n  right {expected ?? "(an error)"}\n  ours  {text ?? problem}");
        }

        Directory.Delete(folder, recursive: true);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [TemplatesFact]
    public void Templates_of_a_folder_give_what_Jinja2_gives()
    {
        (int compared, List<string> differences) = JinjaOracle.Compare(TemplatesFactAttribute.Folder!);
        Assert.True(differences.Count == 0, $"{differences.Count} of {compared} renderings differ:\n{string.Join('\n', differences.Take(60))}");
    }

    /// <summary>A fact that needs a folder of templates and Jinja2; without them a visible skip.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class TemplatesFactAttribute : FactAttribute
    {
        public TemplatesFactAttribute() => Skip = JinjaOracle.Missing ?? (Folder is null ? "SERIATIM_TEMPLATES names no folder of *.jinja files" : null);

        public static string? Folder => Environment.GetEnvironmentVariable("SERIATIM_TEMPLATES");
    }
}
