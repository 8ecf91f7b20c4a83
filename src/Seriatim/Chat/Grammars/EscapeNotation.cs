using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>Keys without quotes, and strings between marks.</summary>
/// <param name="mark">The mark.</param>
internal sealed class EscapeNotation(string mark) : Notation
{
    public override (string Open, string Close) Brackets => ("{", "}");

    public override string Comma => ",";

    public override GrammarNode AnyText { get; } = Nodes.All(Nodes.Mark(mark), Nodes.Without(mark), Nodes.Mark(mark));

    public override GrammarNode AnyKey { get; } = new GrammarNode.Regular(RegexLanguage.Full("[A-Za-z_][A-Za-z0-9_]*:"));

    public override string Key(string name) => $"{ToolTerms.Without(name, ":}<")}:";

    public override GrammarNode Text(string text) => Nodes.All(Nodes.Mark(mark), Nodes.Text(text), Nodes.Mark(mark));

    public override string Word(JsonValueKind kind) =>
        kind switch { JsonValueKind.True => "true", JsonValueKind.False => "false", _ => "null" };
}
