using System.Text;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// FunctionGemma: <c>call:name{key:value}</c> between marks. Strings stand between <c>&lt;escape&gt;</c> marks and are literal.
/// </summary>
internal sealed class GemmaFunctionFormat : ToolFormat
{
    private const string Open = "<start_function_call>", Close = "<end_function_call>", Escape = "<escape>", Prefix = "call:";

    public override IReadOnlyList<string> Marks { get; } =
        [Open, Close, Escape, "<start_function_response>", "<end_of_turn>"];

    public override IReadOnlyList<string> Openings { get; } = [Open];

    public override IReadOnlyList<string> Ends { get; } = ["<start_function_response>"];

    public override IEnumerable<Pause> Read(string opening, AnswerText text, AnswerSink sink)
    {
        string name = "";
        var block = new CallBlock(text, sink);
        yield return block.Next(Prefix);
        if (block.Found is not null)
        {
            yield return block.Until(["{"], piece => name += piece, Close);
            if (block.Found is not null)
                yield return new Pause(Arguments(name.Trim(), block, text, sink));
        }

        yield return block.Close([Close]);
    }

    private static IEnumerable<Pause> Arguments(string name, CallBlock block, AnswerText text, AnswerSink sink)
    {
        block.Begin(name);
        var json = new BareJson();
        sink.Arguments(json.Plain("{"));
        while (!json.IsDone)
        {
            yield return block.Until([Escape, "}"], piece => sink.Arguments(json.Plain(piece)), Close);
            if (block.Found is null)
                yield break;
            if (block.Found == "}")
            {
                sink.Arguments(json.Plain("}"));
                continue;
            }

            sink.Arguments(json.BeginText());
            yield return block.Until([Escape], piece => sink.Arguments(json.Text(piece)));
            if (block.Found is null)
                yield break;
            sink.Arguments(json.EndText());
        }

        block.End();
    }

    /// <summary>JSON of an object whose keys have no quotes, and whose strings were told apart.</summary>
    private sealed class BareJson
    {
        private readonly Stack<char> _closers = [];
        private readonly StringBuilder _key = new();
        private bool _inKey;

        public bool IsDone { get; private set; }

        public string Plain(string text)
        {
            var json = new StringBuilder();
            foreach (char next in text)
                Take(next, json);
            return $"{json}";
        }

        public string BeginText() => _inKey ? "" : "\"";

        public string Text(string text)
        {
            if (!_inKey)
                return AnswerJson.Inner(text);
            _key.Append(text);
            return "";
        }

        public string EndText() => BeginText();

        private void Take(char next, StringBuilder json)
        {
            if (_inKey && next is not (':' or '}'))
            {
                _key.Append(next);
                return;
            }

            if (_inKey && (next == ':' || $"{_key}".Trim().Length > 0))
                json.Append(AnswerJson.Text($"{_key}".Trim()));
            _key.Clear();
            json.Append(next);
            if (next is '{' or '[')
                _closers.Push(next == '{' ? '}' : ']');
            else if (next is '}' or ']')
                IsDone = !_closers.TryPop(out _) || _closers.Count == 0;
            _inKey = next is '{' or ',' && _closers.TryPeek(out char closer) && closer == '}';
        }
    }

    protected override GrammarNode Call(ToolTerms tool) => Nodes.All(
        Nodes.Mark(Open), Nodes.Text(Prefix + tool.NameWithout("{<")),
        new WrittenArguments(tool).Object(new EscapeNotation(Escape)), Nodes.Mark(Close));
}
