using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>How arguments are written in a form that is not JSON.</summary>
internal abstract class Notation
{
    /// <summary>Around the arguments.</summary>
    public abstract (string Open, string Close) Brackets { get; }

    /// <summary>Between two of them.</summary>
    public abstract string Comma { get; }

    /// <summary>An argument's name, up to its value.</summary>
    public abstract string Key(string name);

    /// <summary>The name of a member of an object that is a value, up to its value.</summary>
    public virtual string InnerKey(string name) => Key(name);

    /// <summary>Any name of a member of an object that is a value, up to its value.</summary>
    public abstract GrammarNode AnyKey { get; }

    /// <summary>Any string.</summary>
    public abstract GrammarNode AnyText { get; }

    /// <summary>This string.</summary>
    public abstract GrammarNode Text(string text);

    /// <summary>True, false, or none of both: null.</summary>
    public abstract string Word(JsonValueKind kind);
}
