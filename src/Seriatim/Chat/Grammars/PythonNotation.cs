using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>Arguments by name and literals of Python.</summary>
internal sealed class PythonNotation : Notation
{
    public override (string Open, string Close) Brackets => ("(", ")");

    public override string Comma => ", ";

    public override GrammarNode AnyText { get; } = new GrammarNode.Regular(
        RegexLanguage.Full("\"([^\"\\\\\\x00-\\x1F]|\\\\[\"\\\\nrt])*\""));

    /// <summary>Signs that no name has: they begin or end something else.</summary>
    public const string Signs = "()`\"'";

    public override GrammarNode AnyKey => Nodes.All(AnyText, Nodes.Text(": "));

    public override string Key(string name) => $"{ToolTerms.Without(name, Signs)}=";

    public override string InnerKey(string name) => $"{AnswerJson.Text(name)}: ";

    public override GrammarNode Text(string text) => Nodes.Text(AnswerJson.Text(text));

    public override string Word(JsonValueKind kind) =>
        kind switch { JsonValueKind.True => "True", JsonValueKind.False => "False", _ => "None" };
}
