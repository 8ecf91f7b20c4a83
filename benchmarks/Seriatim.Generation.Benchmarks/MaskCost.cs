using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim.Generation.Benchmarks;

/// <summary>
/// What a mask costs over 128,256 tokens: for each grammar texts are written token by token, and the time from a token to the
/// mask after it is taken, with nothing prepared on other threads. A state that was met before costs nearly nothing: so the first
/// text of a grammar, and later ones, stand apart. Each mask is timed in several rounds that begin anew; the least time counts.
/// </summary>
internal static class MaskCost
{
    private const int Vocabulary = 128_256;
    private const int Texts = 40;
    private const int MostTokens = 400;
    private const int Rounds = 5;

    private const string Values = """
        string ::= "\"" ([^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))* "\""
        number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,3})?
        ws     ::= [ \t\n]{0,20}
        """;

    private static readonly (string Name, string Source)[] Sources =
    [
        ("JSON, any", $$"""
            root   ::= value
            value  ::= object | array | string | number | "true" | "false" | "null"
            object ::= "{" ws (pair ("," ws pair)*)? "}"
            pair   ::= string ":" ws value
            array  ::= "[" ws (value ("," ws value)*)? "]"
            {{Values}}
            """),
        ("JSON, a record", $$"""
            root ::= "{" ws "\"name\":" ws string "," ws "\"age\":" ws number "," ws tags more? "," ws "\"kind\":" ws kind "}"
            tags ::= "\"tags\":" ws "[" (string ("," ws string){0,20})? "]"
            more ::= "," ws "\"address\":" ws address
            kind ::= "\"person\"" | "\"company\"" | "\"other\""
            address ::= "{" ws "\"street\":" ws string "," ws "\"city\":" ws string inner? "}"
            inner ::= "," ws "\"inner\":" ws root
            {{Values}}
            """),
        ("strings of limited length", """
            root ::= "{\"title\": \"" char{1,200} "\", \"text\": \"" char{20,10000} "\", \"code\": \"" code "\"}"
            code ::= [A-Z]{2} "-" [0-9]{4,9}
            char ::= [^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})
            """),
        ("C-like expressions", """
            root ::= stmt+
            stmt ::= name " = " expr ";\n" | "if (" expr ") {\n" stmt* "}\n"
            expr ::= term ((" + " | " - " | " * " | " / " | " == ") term)*
            term ::= name | [0-9]+ | "(" expr ")" | name "(" (expr (", " expr)*)? ")"
            name ::= [a-z_] [a-z0-9_]{0,30}
            """),
        ("words and lines", """
            root ::= ("- " [^\r\n]+ "\n"){1,40}
            """),
        ("schema: lengths", """
            {"type": "array", "minItems": 3, "maxItems": 9, "items": {"type": "object", "properties": {
                "title": {"type": "string", "minLength": 1, "maxLength": 60},
                "text": {"type": "string", "minLength": 20, "maxLength": 500}}, "required": ["title", "text"]}}
            """),
        ("schema: patterns", """
            {"type": "array", "minItems": 3, "maxItems": 9, "items": {"type": "object", "properties": {
                "name": {"type": "string", "pattern": "^[A-Za-z][A-Za-z ]{0,80}$"},
                "slug": {"type": "string", "pattern": "^[a-z0-9-]{3,200}$"},
                "word": {"type": "string", "pattern": "ea", "maxLength": 64}}, "required": ["name", "slug", "word"]}}
            """),
        ("schema: items that differ", """
            {"type": "object", "properties": {
                "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": true, "minItems": 5},
                "names": {"type": "array", "items": {"type": "string", "pattern": "^[a-z-]{1,20}$"}, "uniqueItems": true,
                    "minItems": 5},
                "ids": {"type": "array", "items": {"type": "integer", "minimum": 1}, "uniqueItems": true, "minItems": 9}},
                "required": ["tags", "names", "ids"]}
            """),
    ];

    /// <param name="only">A part of the names of those that are measured; null: all, and real schemas.</param>
    public static void Run(string? only)
    {
        Tokenizer tokenizer = MakeTokenizer();
        var clock = Stopwatch.StartNew();
        GrammarVocabulary vocabulary = GrammarVocabulary.Of(tokenizer, tokenizer.VocabularySize);
        Console.WriteLine($"microseconds from a token to the mask after it; {tokenizer.VocabularySize:N0} tokens, whose tries "
            + $"took {clock.Elapsed.TotalMilliseconds:F0} ms");
        Console.WriteLine($"{"",-28} {"compile ms",10} {"first ms",9} {"mean",8} {"p50",8} {"p99",8} {"worst",8} {"masks",7}"
            + "   first text: mean / worst");
        foreach ((string name, string source) in Sources)
        {
            if (only is null || name.Contains(only, StringComparison.Ordinal))
                Measure(name, source, tokenizer, vocabulary);
        }

        if (only is null)
            MeasureSchemas(tokenizer, vocabulary);
    }

    /// <summary>Real schemas and instances of theirs, each schema once: what a server meets that has never seen them.</summary>
    private static void MeasureSchemas(Tokenizer tokenizer, GrammarVocabulary vocabulary)
    {
        string file = Path.Combine("..", "shared", "structured", "schemastore", "schemas.jsonl");
        if (!File.Exists(file))
        {
            Console.WriteLine("../shared/structured is missing: no real schemas (start it in the folder of the repository)");
            return;
        }

        Dictionary<string, int> ids = Enumerable.Range(0, vocabulary.Size).Where(id => !vocabulary.BytesOf(id).IsEmpty)
            .GroupBy(id => Encoding.Latin1.GetString(vocabulary.BytesOf(id).Span))
            .ToDictionary(group => group.Key, group => group.First());
        JsonElement[] rows = [.. File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement)];
        (int refused, int others) = (0, 0);
        var compiles = new List<double>();
        List<double> times = Least(round =>
        {
            vocabulary.Forget();
            (refused, others) = (0, 0);
            var taken = new List<double>();
            var compiled = new List<double>();
            foreach (JsonElement row in rows)
                Follow(row);
            compiles = round == 0 ? compiled : [.. compiles.Zip(compiled, Math.Min)];
            return taken;

            void Follow(JsonElement row)
            {
                var clock = Stopwatch.StartNew();
                try
                {
                    string schema = row.GetProperty("schema").GetRawText();
                    CompiledGrammar grammar = CompiledGrammar.Of(Grammar.JsonSchema(schema), tokenizer, vocabulary.Size);
                    compiled.Add(clock.Elapsed.TotalMilliseconds);
                    foreach (JsonElement instance in row.GetProperty("valid").EnumerateArray())
                    {
                        byte[] text = JsonSerializer.SerializeToUtf8Bytes(instance);
                        others += MaskCost.Follow(grammar, Encoding.Latin1.GetString(text), ids, taken) ? 0 : 1;
                    }
                }
                catch (GrammarException)
                {
                    refused++;
                }
            }
        });
        compiles.Sort();
        times.Sort();
        Console.WriteLine($"{compiles.Count} real schemas ({refused} refused, {others} instances in another order or form): "
            + $"compile ms mean {compiles.Average():F1}, p50 {compiles[compiles.Count / 2]:F1}, worst {compiles[^1]:F0}; "
            + $"masks: mean {times.Average():F1}, p50 {times[times.Count / 2]:F1}, p99 {times[(int)(times.Count * 0.99)]:F1}, "
            + $"p99.9 {times[(int)(times.Count * 0.999)]:F1}, worst {times[^1]:F1} of {times.Count}");
    }

    /// <summary>
    /// The least time of each mask over rounds that begin anew and do the same: what others do on the machine, the runtime's
    /// compiling and the collector are not measured.
    /// </summary>
    private static List<double> Least(Func<int, List<double>> round)
    {
        List<double> least = round(0);
        for (int i = 1; i < Rounds; i++)
            least = [.. least.Zip(round(i), Math.Min)];
        return least;
    }

    /// <summary>Walks a text by its longest tokens, as far as it follows.</summary>
    private static bool Follow(CompiledGrammar grammar, string text, Dictionary<string, int> ids, List<double> times)
    {
        GrammarState state = grammar.Start;
        for (int at = 0; at < text.Length;)
        {
            long begin = Stopwatch.GetTimestamp();
            TokenSet tokens = grammar.TokensOf(state);
            times.Add(Stopwatch.GetElapsedTime(begin).TotalMicroseconds);
            int length = Math.Min(24, text.Length - at);
            while (length > 0 && !(ids.TryGetValue(text.Substring(at, length), out int id) && tokens.Contains(id)))
                length--;
            if (length == 0)
                return false;
            state = grammar.Accept(state, ids[text.Substring(at, length)])!;
            at += length;
        }

        return true;
    }

    private static void Measure(string name, string source, Tokenizer tokenizer, GrammarVocabulary vocabulary)
    {
        (double compile, double first) = (double.MaxValue, double.MaxValue);
        int firstText = 0;
        List<double> times = Least(_ =>
        {
            vocabulary.Forget();
            var clock = Stopwatch.StartNew();
            CompiledGrammar grammar = CompiledGrammar.Of(
                source.StartsWith('{') ? Grammar.JsonSchema(source) : Grammar.Gbnf(source), tokenizer, vocabulary.Size);
            compile = Math.Min(compile, clock.Elapsed.TotalMilliseconds);
            clock.Restart();
            grammar.TokensOf(grammar.Start);
            first = Math.Min(first, clock.Elapsed.TotalMilliseconds);
            var taken = new List<double>();
            for (int text = 0; text < Texts; text++)
            {
                Write(grammar, text, taken);
                if (text == 0)
                    firstText = taken.Count;
            }

            return taken;
        });
        (double firstMean, double firstWorst) = (times.Take(firstText).Average(), times.Take(firstText).Max());
        times.Sort();
        Console.WriteLine($"{name,-28} {compile,10:F1} {first,9:F2} {times.Average(),8:F1} {times[times.Count / 2],8:F1} "
            + $"{times[(int)(times.Count * 0.99)],8:F1} {times[^1],8:F1} {times.Count,7}   {firstMean:F1} / {firstWorst:F1}");
    }

    /// <summary>A text: mostly what is usual (long tokens of letters), sometimes anything, and the end where it is due.</summary>
    private static void Write(CompiledGrammar grammar, int seed, List<double> times)
    {
        var random = new Random(seed);
        GrammarState state = grammar.Start;
        for (int step = 0; step < MostTokens && !state.IsComplete; step++)
        {
            TokenSet tokens = grammar.TokensOf(state);
            int id = Pick(tokens, grammar.Vocabulary, random);
            long begin = Stopwatch.GetTimestamp();
            state = grammar.Accept(state, id)!;
            grammar.TokensOf(state);
            times.Add(Stopwatch.GetElapsedTime(begin).TotalMicroseconds);
        }
    }

    private static int Pick(TokenSet tokens, GrammarVocabulary vocabulary, Random random)
    {
        int best = -1;
        for (int tries = 0; tries < 100_000; tries++)
        {
            int id = tokens.Few.IsEmpty ? random.Next(vocabulary.Size) : tokens.Few[random.Next(tokens.Count)];
            if (!tokens.Contains(id))
                continue;
            best = id;
            if (random.Next(4) == 0 || vocabulary.BytesOf(id).Span.IndexOfAnyInRange((byte)'a', (byte)'z') >= 0)
                break;
        }

        // What closes strings and objects is rare among tokens and frequent in texts.
        foreach (byte value in random.Next(12) == 0 ? "\"},\n"u8 : [])
        {
            if (tokens.Contains(value))
                return value;
        }

        return best;
    }

    /// <summary>
    /// All bytes, and pieces of texts as they are in vocabularies of today: words with and without a blank, capitals, numbers,
    /// punctuation in runs, indents, other scripts and parts of their characters. The same in every run.
    /// </summary>
    private static Tokenizer MakeTokenizer()
    {
        var random = new Random(1);
        var pieces = new HashSet<string>();
        var order = new List<string>();
        for (int value = 0; value < 256; value++)
            Add([(byte)value]);
        for (int number = 0; number < 1000; number++)
            Add(Encoding.UTF8.GetBytes($"{number}"));
        for (int blanks = 2; blanks <= 100; blanks++)
            Add(Encoding.UTF8.GetBytes(new string(' ', blanks)));
        string[] marks =
        [
            "\"", "\",", "\":", "\"}", "{\"", "[\"", "\", \"", "\": \"", "\"]", "},", "}\n", ".\"", ",\"", "?\"",
            "()", ");", "){", "//", "/*",
            "\n\n", ";\n", "\\n", "\\\"", "\\u", "...", "--", "==", "!=", "&&", "||", "->", "=>", "\"\n", "'\"", "\">", "=\"",
            "\t\t",
        ];
        foreach (string mark in marks)
        {
            foreach (string other in marks)
                Add(Encoding.UTF8.GetBytes(mark + other));
        }

        string[] starts = [.. "s t b c d f pr str m n l r w h g v pl tr ch sh qu th sp".Split(' '), ""];
        string[] vowels = ["a", "e", "i", "o", "u", "ea", "ou", "io", "ai"];
        string[] ends = [.. "n r s t l nd st ng m d ck tion ing er ed ly ment able".Split(' '), ""];
        while (order.Count < Vocabulary - 1)
        {
            string word = string.Concat(Enumerable.Range(0, 1 + random.Next(3))
                .Select(_ => $"{Any(starts)}{Any(vowels)}{Any(ends)}"));
            byte[] text = Encoding.UTF8.GetBytes(random.Next(20) switch
            {
                < 9 => " " + word,
                < 13 => word,
                13 => char.ToUpperInvariant(word[0]) + word[1..],
                14 => " " + char.ToUpperInvariant(word[0]) + word[1..],
                15 => word + marks[random.Next(marks.Length)],
                16 => marks[random.Next(marks.Length)] + word,
                17 => new string([.. Enumerable.Range(0, 1 + random.Next(4)).Select(_ => (char)random.Next(0x4E00, 0x9FA5))]),
                18 => new string([.. Enumerable.Range(0, 2 + random.Next(5)).Select(_ => (char)random.Next(0x430, 0x450))]),
                _ => " " + word + char.ToUpperInvariant(word[^1]) + word,
            });
            Add(random.Next(40) == 0 ? text[..Math.Max(1, text.Length - 1)] : text);
        }

        var json = new
        {
            version = "1.0",
            decoder = new { type = "ByteLevel", add_prefix_space = false, trim_offsets = true, use_regex = false },
            model = new
            {
                type = "BPE",
                vocab = order.Append("</s>").Select((piece, id) => (piece, id)).ToDictionary(one => one.piece, one => one.id),
                merges = Array.Empty<string>(),
            },
        };
        return Tokenizer.FromJson(JsonSerializer.SerializeToUtf8Bytes(json), "made");

        string Any(string[] of) => of[random.Next(of.Length)];

        void Add(byte[] bytes)
        {
            string piece = string.Concat(bytes.Select(LetterOf));
            if (order.Count < Vocabulary - 1 && pieces.Add(piece))
                order.Add(piece);
        }
    }

    /// <summary>The character that byte-level BPE writes a byte with.</summary>
    private static char LetterOf(byte value)
    {
        static bool IsShown(int one) => one is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
        return IsShown(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(one => !IsShown(one)));
    }
}
