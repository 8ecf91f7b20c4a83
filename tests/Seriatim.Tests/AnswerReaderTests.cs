using System.Text;
using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>
/// Answers of <c>../shared/toolcalls</c>, whole and in pieces of every kind: the same is read, no mark is ever seen, and nothing
/// is held back but what may become one.
/// </summary>
public sealed class AnswerReaderTests
{
    private static readonly ChatTool[] Tools =
    [
        new() { Name = "write_file", Parameters = JsonElement.Parse("{\"properties\": {\"path\": {\"type\": \"string\"}}}") },
    ];

    [SharedTheory("toolcalls")]
    [MemberData(nameof(Ids))]
    public void A_whole_answer_is_read(string id)
    {
        ToolCallCase item = Case(id);
        AnswerReader reader = ToolCallCases.Reader(item);
        reader.Push(item.Text);
        reader.End(item.IsCut);
        Assert.Equal(ToolCallCases.Summary(item.Expected), ToolCallCases.Summary(reader));
    }

    [SharedTheory("toolcalls")]
    [MemberData(nameof(Ids))]
    public void An_answer_in_pieces_is_the_same_and_shows_no_mark(string id)
    {
        ToolCallCase item = Case(id);
        string[] points = item.Points;
        foreach (int size in (int[])[1, 2, 3, 7])
            Check(item, points.Chunk(size).Select(piece => string.Concat(piece)));
        for (int cut = 1; cut < points.Length; cut++)
            Check(item, [string.Concat(points[..cut]), string.Concat(points[cut..])]);
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var pieces = new List<string>();
            for (int at = 0; at < points.Length;)
            {
                int size = Math.Min(1 + random.Next(12), points.Length - at);
                pieces.Add(string.Concat(points[at..(at + size)]));
                at += size;
            }

            Check(item, pieces);
        }
    }

    /// <summary>
    /// After each piece there is out what a reader of the whole text up to here gives if it is cut off here: only the beginning
    /// of
    /// a mark, white space beside one, and a bare object that may be a call wait for more.
    /// </summary>
    [SharedTheory("toolcalls")]
    [MemberData(nameof(Ids))]
    public void Nothing_more_is_held_back_than_may_become_a_mark(string id)
    {
        ToolCallCase item = Case(id);
        AnswerReader reader = ToolCallCases.Reader(item);
        string[] marks = ToolCallCases.Marks(item.Format);
        string before = "";
        foreach (string point in item.Points)
        {
            reader.Push(point);
            before += point;
            string expected = Visible(item, before);
            int held = AnswerText.BeginningAtEnd(before, marks);
            string visible = (reader.Reasoning + reader.Text).TrimEnd();
            bool isBare = item.Format == "llama3-json" && before.TrimStart().StartsWith('{');
            if (!isBare && !item.Format.StartsWith("harmony", StringComparison.Ordinal))
                Assert.True(visible.Length >= expected[..Math.Max(0, expected.Length - held)].TrimEnd().Length,
                    $"'{before}' shows '{visible}' of '{expected}'");
        }
    }

    [Theory]
    [InlineData("<tool_call>{\"name\": \"a\"}</tool_call>", "content <> reasoning <>\ncall a {}")]
    [InlineData("x <tool_call>{\"name\": \"a\"}</tool_call> y", "content <x  y> reasoning <>\ncall a {}")]
    [InlineData("<tool_call>no json</tool_call>", "content <> reasoning <>\nmalformed <no json>")]
    [InlineData("<tool_call>{\"name\": \"a\"", "content <> reasoning <>\nmalformed <{\"name\": \"a\">")]
    [InlineData("<tool_call>{\"name\": \"a\", \"arguments\": [1]}</tool_call>",
        "content <> reasoning <>\nmalformed <{\"name\": \"a\", \"arguments\": [1]}>")]
    [InlineData("<tool_call>{\"name\": \"a\", \"arguments\": {\"b\": {}}\n</tool_call>!",
        "content <!> reasoning <>\nmalformed <{\"name\": \"a\", \"arguments\": {\"b\": {}}>")]
    [InlineData("a < b <tool> c <tool_cal", "content <a < b <tool> c <tool_cal> reasoning <>")]
    public void Calls_of_Hermes_are_read(string answer, string expected) => Read("hermes", answer, expected);

    [Theory]
    [InlineData("mistral", "[TOOL_CALLS] [{\"name\": \"a\", \"arguments\": {\"b\": }}]</s>",
        "content <> reasoning <>\nmalformed <{\"name\": \"a\", \"arguments\": {\"b\": }}]>")]
    [InlineData("mistral", "[TOOL_CALLS]a[CALL_ID]123[ARGS]{\"b\": 1}", "content <> reasoning <>\ncall a {b:1}")]
    [InlineData("mistral", "[TOOL_CALLS]a{\"b\": 1}", "content <> reasoning <>\ncall a {b:1}")]
    [InlineData("mistral", "[TOOL_CALLS]nothing", "content <> reasoning <>\nmalformed <nothing>")]
    [InlineData("deepseek-v3.1", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>a<｜tool▁sep｜>{]<｜tool▁call▁end｜><｜tool▁calls▁end｜>.",
        "content <.> reasoning <>\nmalformed <a<｜tool▁sep｜>{]>")]
    [InlineData("llama3-function", "<function=a>{\"b\": 1</function>", "content <> reasoning <>\nmalformed <a>{\"b\": 1>")]
    [InlineData("llama3-json", "{\"name\": \"a\", \"parameters\": {}} and so on", "content <and so on> reasoning <>\ncall a {}")]
    [InlineData("llama3-json", "{\"name\": \"a\", \"parameters\": {}}; no", "content <; no> reasoning <>\ncall a {}")]
    [InlineData("llama3-json", "<|python_tag|>f.call(x=[1, {'a': None}], y=-2.5, z='it\\'s')",
        "content <> reasoning <>\ncall f {x:[1,{a:null}],y:-2.5,z:\"it's\"}")]
    [InlineData("gemma-tool-code", "Well.\n```tool_code\nprint(f(a=\"```\", b=True))\ng()\n```\nNow",
        "content <Well.\n\nNow> reasoning <>\ncall f {a:\"```\",b:true}\ncall g {}")]
    [InlineData("gemma-tool-code", "```tool_code\nf(1)\n```", "content <> reasoning <>\nmalformed <f(1)>")]
    [InlineData("gemma-function", "<start_function_call>call:f{a:[1,<escape>}<escape>],b:{c:null}}<end_function_call>",
        "content <> reasoning <>\ncall f {a:[1,\"}\"],b:{c:null}}")]
    [InlineData("gemma-function", "<start_function_call>call:f{a}<end_function_call>x",
        "content <x> reasoning <>\nmalformed <call:f{a}>")]
    [InlineData("qwen3-coder",
        "<function=f>\n<parameter=a>\nTrue\n</parameter>\n<parameter=b>\nx </parameter> y\n</parameter>\n</function>",
        "content <> reasoning <>\ncall f {a:true,b:\"x </parameter> y\"}")]
    [InlineData("qwen3-coder", "<tool_call>\n<function=f>\nno\n</function>\n</tool_call>",
        "content <> reasoning <>\nmalformed <<function=f>\nno\n</function>>")]
    [InlineData("qwen3-coder", "<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>",
        "content <> reasoning <>\ncall f {}")]
    [InlineData("harmony", "<|channel|>analysis<|message|>a <|start|> b<|end|><|start|>assistant<|channel|>final<|message|>c",
        "content <c> reasoning <a <|start|> b>")]
    [InlineData("harmony", " to=functions.f<|channel|>commentary<|message|>{\"a\": \"<|end|>\"}",
        "content <> reasoning <>\ncall f {a:\"<|end|>\"}")]
    [InlineData("harmony", "<|channel|>commentary to=python code<|message|>print(1)<|call|>",
        "content <> reasoning <>\ncall python {code:\"print(1)\"}")]
    [InlineData("harmony", "<|channel|>commentary to=functions.f<|message|>{\"a\": }<|call|>",
        "content <> reasoning <>\nmalformed <{\"a\": }>")]
    [InlineData("harmony", "token by token", "content <token by token> reasoning <>")]
    public void Calls_of_other_forms_are_read(string format, string answer, string expected) => Read(format, answer, expected);

    [Theory]
    [InlineData("hermes", "<tool_call>{\"arguments\": {\"a\": 1}, \"na", "incomplete ? <{\"a\": 1}>")]
    [InlineData("qwen3-coder", "<tool_call>\n<function=write_file>\n<parameter=path>\na/b",
        "incomplete write_file <{\"path\": \"a/b>")]
    [InlineData("deepseek-v3", "<｜tool▁calls▁begin｜>", "incomplete ? <>")]
    [InlineData("deepseek-v3", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{\"a",
        "incomplete f <{\"a>")]
    [InlineData("harmony", "<|channel|>commentary to=functions.f <|constrain|>js", "incomplete f <>")]
    [InlineData("llama3-json", "{\"name\": \"f\", \"parameters\": {\"a\": [", "incomplete f <{\"a\": [>")]
    [InlineData("llama3-json", "<|python_tag|>import ma", "incomplete python <import ma>")]
    [InlineData("gemma-tool-code", "```tool_code\nf(a=1,", "incomplete f <a=1,>")]
    [InlineData("gemma-function", "<start_function_call>call:f{a:<escape>b", "incomplete f <{\"a\":\"b>")]
    [InlineData("mistral", "[TOOL_CALLS]f[ARGS]{\"a\"", "incomplete f <{\"a\">")]
    public void What_is_cut_off_is_no_call(string format, string answer, string expected) =>
        Read(format, answer, "content <> reasoning <>\n" + expected, cut: true);

    public static TheoryData<string> Ids() => Directory.Exists(Path.Combine(Repository.Shared, "toolcalls"))
        ? [.. ToolCallCases.All.Select(item => item.Id)] : ["none"];

    private static ToolCallCase Case(string id) => ToolCallCases.All.Single(item => item.Id == id);

    private static void Read(string format, string answer, string expected, bool cut = false)
    {
        for (int size = 1; size <= answer.Length; size++)
        {
            var reader = new AnswerReader(ToolCallCases.Format(format), Tools, "call", false);
            foreach (char[] piece in answer.Chunk(size))
                reader.Push(new string(piece));
            reader.End(cut);
            Assert.Equal(expected, ToolCallCases.Summary(reader));
        }
    }

    private static void Check(ToolCallCase item, IEnumerable<string> pieces)
    {
        AnswerReader reader = ToolCallCases.Reader(item);
        List<AnswerDelta> deltas = [.. pieces.SelectMany(reader.Push)];
        deltas.AddRange(reader.End(item.IsCut));
        Assert.Equal(ToolCallCases.Summary(item.Expected), ToolCallCases.Summary(reader));
        Assert.Equal(reader.Text, string.Concat(deltas.OfType<AnswerDelta.Content>().Select(delta => delta.Text)));
        Assert.Equal(reader.Reasoning, string.Concat(deltas.OfType<AnswerDelta.Reasoning>().Select(delta => delta.Text)));
        CheckCalls(reader, deltas);
        string said = item.Expected.GetProperty("content").GetString()!,
            thought = item.Expected.GetProperty("reasoning").GetString()!;
        foreach (string mark in ToolCallCases.Marks(item.Format))
        {
            Assert.All(deltas.OfType<AnswerDelta.Content>(), delta => Assert.DoesNotContain(mark, delta.Text));
            if (!thought.Contains(mark, StringComparison.Ordinal))
                Assert.All(deltas.OfType<AnswerDelta.Reasoning>(), delta => Assert.DoesNotContain(mark, delta.Text));
        }

        // What is shown is always a beginning of what there is in the end: no part of a mark was among it.
        var shown = new StringBuilder();
        foreach (AnswerDelta.Content delta in deltas.OfType<AnswerDelta.Content>())
            Assert.StartsWith(shown.Append(delta.Text).ToString().Trim(), said);
    }

    /// <summary>Each call begins once, then its arguments come in pieces, then it ends; the pieces are its JSON text.</summary>
    private static void CheckCalls(AnswerReader reader, List<AnswerDelta> deltas)
    {
        foreach (AnswerDelta.CallEnd end in deltas.OfType<AnswerDelta.CallEnd>())
        {
            AnswerDelta.CallBegin begin = Assert.Single(deltas.OfType<AnswerDelta.CallBegin>(),
                other => other.Index == end.Index);
            Assert.Equal((end.Call.Id, end.Call.Name), (begin.Id, begin.Name));
            string json = string.Concat(
                deltas.OfType<AnswerDelta.Arguments>().Where(delta => delta.Index == end.Index).Select(delta => delta.Text));
            Assert.Equal(end.Call.Arguments.GetRawText(), json.Trim());
            Assert.True(deltas.IndexOf(begin) < deltas.IndexOf(end));
        }

        Assert.Equal(reader.Calls, deltas.OfType<AnswerDelta.CallEnd>().Select(end => end.Call));
        Assert.Equal(reader.Calls.Count, reader.Calls.Select(call => call.Id).Distinct().Count());
    }

    /// <summary>What a text shows that was cut off here.</summary>
    private static string Visible(ToolCallCase item, string text)
    {
        AnswerReader reader = ToolCallCases.Reader(item);
        reader.Push(text);
        reader.End(cut: false);
        return (reader.Reasoning + reader.Text).Trim();
    }
}
