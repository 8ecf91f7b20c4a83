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

    public override string Key(string name) => $"{name}=";

    public override string InnerKey(string name) => $"{AnswerJson.Text(name)}: ";

    public override GrammarNode Text(string text) => Nodes.Text(AnswerJson.Text(text));

    public override string Word(JsonValueKind kind) =>
        kind switch { JsonValueKind.True => "True", JsonValueKind.False => "False", _ => "None" };
}
