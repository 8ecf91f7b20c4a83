using System.Text.Json;
using System.Text.Json.Nodes;
using JsonTree = System.Text.Json.Nodes.JsonNode;

namespace Seriatim.Tokenizers.Tests;

/// <summary>The templates of ../shared/faults: one-line ones with what Jinja2 gives, and four over all conversations.</summary>
public sealed class TemplateFaultTests
{
    [SharedFact]
    public void All_400_lines_give_what_Jinja2_gives()
    {
        JsonElement messages = JsonDocument.Parse("""[{"role": "user", "content": " hi é "}, {"role": "assistant", "content": "yo"}]""").RootElement;
        var variables = new Dictionary<string, object?> { ["messages"] = messages, ["bos_token"] = "<s>", ["eos_token"] = "</s>" };
        var now = new DateTimeOffset(2026, 11, 7, 9, 5, 3, TimeSpan.Zero);
        string[] lines = File.ReadAllLines(Shared.PathOf("faults", "jinja.jsonl"));
        var wrong = new List<string>();
        foreach (JsonTree row in lines.Select(line => JsonTree.Parse(line)!))
        {
            string source = (string)row["template"]!;

            // Python prints the address of a method there; nobody can print the same.
            string? expected = (string?)row["text"] is { } text && !text.Contains(" object at 0x", StringComparison.Ordinal) ? text : null;
            string given;
            try
            {
                given = new ChatTemplate(source).Render([], true, variables, now);
            }
            catch (ChatTemplateException e)
            {
                if (expected is not null)
                    wrong.Add($"{source}: {e.Message}; right: {expected}");
                continue;
            }

            if (given != expected)
                wrong.Add($"{source}: {given}; right: {expected ?? (string?)row["error"]}");
        }

        Assert.Equal(400, lines.Length);
        Assert.Empty(wrong);
    }

    [SharedTheory]
    [InlineData("items-key")]
    [InlineData("none-selectattr")]
    [InlineData("int-keys")]
    [InlineData("numbers")]
    public void Templates_that_differed_give_what_Jinja2_gives(string name)
    {
        JsonTree expected = JsonTree.Parse(File.ReadAllText(
            Path.Combine(Shared.Repository, "tests", "Seriatim.Tokenizers.Tests", "Expected", "template-faults.json")))![name]!;
        string source = File.ReadAllText(Shared.PathOf("faults", name + ".jinja"));
        JsonTree conversations = JinjaOracle.Conversations();
        foreach ((string conversation, _) in conversations["conversations"]!.AsObject())
        {
            // A conversation that is not listed is an error in Jinja2 as well: that of tools that are not there or have another form.
            string? text = (string?)expected[conversation];
            Assert.Equal((conversation, text), (conversation, JinjaOracle.Ours(source, conversations, conversation, true).Text));
        }
    }

    [JinjaFact]
    public void The_expected_texts_are_those_of_Jinja2()
    {
        (int compared, List<string> differences) = JinjaOracle.Compare(Shared.PathOf("faults"));
        Assert.True(compared >= 4 * 25 * 2);
        Assert.Empty(differences);
    }
}
