using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Seriatim.Generation;

/// <summary>
/// From a language of values to the language of the JSON texts that mean them, quotes included (RFC 8259, section 7): each
/// character as itself or by any of its escapes, <c>\uXXXX</c> and pairs of surrogates included; half a pair means nothing and
/// never
/// comes. A language of finitely many values is written in one way only, escaped where it must be.
/// </summary>
internal sealed class JsonText
{
    private const int Supplementary = 0x10000;

    private static readonly ConditionalWeakTable<ByteDfa, ByteDfa> Known = [];

    private readonly ByteDfa _values;
    private readonly Ways _ways;
    private readonly List<List<(byte Low, byte High, int Target)>> _edges = [];
    private readonly Dictionary<string, int> _hexStates = new(StringComparer.Ordinal);
    private readonly Dictionary<(int State, int Bytes), List<Piece>> _pieces = [];
    private readonly Dictionary<string, List<Piece>> _pairs = new(StringComparer.Ordinal);
    private readonly int _end;

    private JsonText(ByteDfa values, Ways ways)
    {
        (_values, _ways) = (values, ways);
        for (int i = 0; i < values.States + 2; i++)
            _edges.Add([]);
        _end = values.States + 1;
    }

    /// <summary>In how many ways a character may be written.</summary>
    private enum Ways
    {
        /// <summary>One: as itself, or by the escape that it needs.</summary>
        One,

        /// <summary>By any escape; characters of ASCII that need none as themselves.</summary>
        Some,

        /// <summary>By any escape.</summary>
        All,
    }

    /// <summary>A range of numbers that lead to one state.</summary>
    private readonly record struct Piece(int First, int Last, int Target);

    /// <summary>One character of a string, as itself or escaped.</summary>
    public static ByteDfa Character { get; } = StripQuotes(Of(Language.Characters(CodePointSet.All), Ways.All));

    /// <summary>The JSON texts of some values.</summary>
    public static ByteDfa Of(ByteDfa values) =>
        Known.GetValue(values, static language => Of(language, WaysOf(language)));

    /// <summary>The JSON texts of some values, one for each.</summary>
    public static ByteDfa InOneWay(ByteDfa values) => Of(values, Ways.One);

    private static Ways WaysOf(ByteDfa values) =>
        IsFinite(values) ? Ways.One : ReferenceEquals(values, Language.Any) ? Ways.All : Ways.Some;

    /// <summary>A text as it is written where there is one way: with quotes, and escaped where it must be.</summary>
    public static string Written(string text)
    {
        var written = new StringBuilder("\"");
        foreach (char c in text)
        {
            int letter = "\"\\\b\f\n\r\t".IndexOf(c, StringComparison.Ordinal);
            if (letter >= 0)
                written.Append('\\').Append("\"\\bfnrt"[letter]);
            else if (c < ' ')
                written.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                written.Append(c);
        }
        return written.Append('"').ToString();
    }

    /// <summary>Whether a language has finitely many texts.</summary>
    public static bool IsFinite(ByteDfa language)
    {
        var color = new byte[language.States];
        var open = new Stack<(int State, bool Leave)>([(ByteDfa.Start, false)]);
        while (open.TryPop(out var at))
        {
            if (at.Leave)
            {
                color[at.State] = 2;
                continue;
            }
            if (color[at.State] != 0)
                continue;
            color[at.State] = 1;
            open.Push((at.State, true));
            for (int c = 0; c < language.Classes; c++)
            {
                int next = language.NextOfClass(at.State, c);
                if (next == ByteDfa.Dead)
                    continue;
                if (color[next] == 1)
                    return false;
                open.Push((next, false));
            }
        }
        return true;
    }

    private static ByteDfa Of(ByteDfa values, Ways ways) => values.IsEmpty ? values : new JsonText(values, ways).Build();

    private static ByteDfa StripQuotes(ByteDfa quoted)
    {
        int start = quoted.Next(ByteDfa.Start, (byte)'"');
        return Language.Explore<int>(start, (at, value) =>
        {
            int next = quoted.Next(at, value);
            return next < 0 || quoted.Accepts(next) ? null : next;
        }, at => quoted.Next(at, (byte)'"') is >= 0 and var end && quoted.Accepts(end), ByteClasses.Of(quoted));
    }

    private ByteDfa Build()
    {
        int start = _values.States;
        Add(start, '"', ByteDfa.Start);
        for (int state = 0; state < _values.States; state++)
        {
            if (_values.Accepts(state))
                Add(state, '"', _end);
            bool between = _values.Accepts(state);
            for (int value = 0; value < 256; value++)
            {
                int next = _values.Next(state, (byte)value);
                if (next == ByteDfa.Dead)
                    continue;
                between |= value is < 0x80 or >= 0xC0;
                if (value >= 0x20 && value is not ('"' or '\\'))
                    _edges[state].Add(((byte)value, (byte)value, next));
            }
            if (between)
                AddEscapes(state);
        }
        return Finish(start);
    }

    private void AddEscapes(int state)
    {
        var letters = new List<(char Letter, int Target)>();
        foreach ((char letter, char meaning) in new[]
        {
            ('"', '"'), ('\\', '\\'), ('/', '/'), ('b', '\b'), ('f', '\f'), ('n', '\n'), ('r', '\r'), ('t', '\t'),
        })
        {
            if (_values.Next(state, (byte)meaning) is >= 0 and var next && !(_ways == Ways.One && letter == '/'))
                letters.Add((letter, next));
        }
        List<Piece> units = _ways == Ways.One ? Controls(state) : Units(state);
        // Most states of a list of texts have nothing to escape.
        if (letters.Count == 0 && units.Count == 0)
            return;
        int escape = Fresh();
        foreach ((char letter, int target) in letters)
            Add(escape, letter, target);
        if (units.Count > 0)
            Add(escape, 'u', Hex(4, units));
        Add(state, '\\', escape);
    }

    private List<Piece> Controls(int state)
    {
        var pieces = new List<Piece>();
        for (int value = 0; value < 0x20; value++)
        {
            if (value is not ('\b' or '\f' or '\n' or '\r' or '\t') && _values.Next(state, (byte)value) is >= 0 and var next)
                Append(pieces, new Piece(value, value, next));
        }
        return pieces;
    }

    /// <summary>Where each unit of UTF-16 leads to from a state between two characters.</summary>
    private List<Piece> Units(int state)
    {
        List<Piece> characters = Characters(state);
        var units = new List<Piece>();
        foreach (Piece piece in characters.Where(piece => piece.First < 0xD800))
        {
            Piece unit = piece with { Last = Math.Min(piece.Last, 0xD7FF) };
            if (_ways == Ways.All)
            {
                Append(units, unit);
                continue;
            }
            if (unit.First < 0x20)
                Append(units, unit with { Last = Math.Min(unit.Last, 0x1F) });
            if (unit.Last >= 0x7F)
                Append(units, unit with { First = Math.Max(unit.First, 0x7F) });
        }
        List<Piece> high = [.. characters.Where(piece => piece.Last >= Supplementary).Select(piece => new Piece(
            Math.Max(piece.First, Supplementary) - Supplementary, piece.Last - Supplementary, piece.Target))];
        foreach (Piece piece in Pairs(high))
            Append(units, piece);
        foreach (Piece piece in characters.Where(piece => piece.Last >= 0xE000 && piece.First < Supplementary))
            Append(units, piece with { First = Math.Max(piece.First, 0xE000), Last = Math.Min(piece.Last, 0xFFFF) });
        return units;
    }

    /// <summary>First halves of pairs of surrogates: each leads to a state that wants the second half.</summary>
    private List<Piece> Pairs(List<Piece> characters)
    {
        if (characters.Count == 0)
            return [];
        string key = Key(0, characters);
        if (_pairs.TryGetValue(key, out List<Piece>? known))
            return known;
        var pairs = new List<Piece>();
        for (int half = 0; half < 0x400; half++)
        {
            List<Piece> seconds = [.. Cut(characters, half << 10, 0x400).Select(piece => new Piece(piece.First + 0xDC00,
                piece.Last + 0xDC00, piece.Target))];
            if (seconds.Count == 0)
                continue;
            Append(pairs, new Piece(0xD800 + half, 0xD800 + half, Prefixed(Hex(4, seconds))));
        }
        return _pairs[key] = pairs;
    }

    private int Prefixed(int hex)
    {
        string key = $"pair {hex}";
        if (_hexStates.TryGetValue(key, out int state))
            return state;
        state = _hexStates[key] = Fresh();
        int letter = Fresh();
        Add(state, '\\', letter);
        Add(letter, 'u', hex);
        return state;
    }

    /// <summary>The state that reads so many hexadecimal digits.</summary>
    private int Hex(int digits, List<Piece> pieces)
    {
        if (digits == 0)
            return pieces[0].Target;
        string key = Key(digits, pieces);
        if (_hexStates.TryGetValue(key, out int state))
            return state;
        state = _hexStates[key] = Fresh();
        int size = 1 << (4 * (digits - 1));
        for (int digit = 0; digit < 16; digit++)
        {
            List<Piece> below = Cut(pieces, digit * size, size);
            if (below.Count == 0)
                continue;
            int target = Hex(digits - 1, below);
            string letters = digit < 10 ? $"{digit}" : $"{(char)('a' + digit - 10)}{(char)('A' + digit - 10)}";
            foreach (char letter in letters)
                Add(state, letter, target);
        }
        return state;
    }

    /// <summary>Where each character leads to, as ranges.</summary>
    private List<Piece> Characters(int state)
    {
        var pieces = new List<Piece>();
        for (int value = 0; value < 0x80; value++)
            Join(state, value, 0, value, pieces);
        for (int value = 0xC2; value < 0xE0; value++)
            Join(state, value, 1, (value & 0x1F) << 6, pieces);
        for (int value = 0xE0; value < 0xF0; value++)
            Join(state, value, 2, (value & 0x0F) << 12, pieces);
        for (int value = 0xF0; value < 0xF5; value++)
            Join(state, value, 3, (value & 0x07) << 18, pieces);
        return pieces;
    }

    private void Join(int state, int value, int more, int first, List<Piece> pieces)
    {
        int next = _values.Next(state, (byte)value);
        if (next == ByteDfa.Dead)
            return;
        foreach (Piece piece in Continued(next, more))
            Append(pieces, new Piece(first + piece.First, first + piece.Last, piece.Target));
    }

    private List<Piece> Continued(int state, int bytes)
    {
        if (bytes == 0)
            return [new Piece(0, 0, state)];
        if (_pieces.TryGetValue((state, bytes), out List<Piece>? known))
            return known;
        var pieces = new List<Piece>();
        for (int value = 0; value < 64; value++)
            Join(state, 0x80 + value, bytes - 1, value << (6 * (bytes - 1)), pieces);
        return _pieces[(state, bytes)] = pieces;
    }

    private static void Append(List<Piece> pieces, Piece piece)
    {
        if (pieces.Count > 0 && pieces[^1].Target == piece.Target && pieces[^1].Last == piece.First - 1)
            pieces[^1] = pieces[^1] with { Last = piece.Last };
        else
            pieces.Add(piece);
    }

    private static List<Piece> Cut(List<Piece> pieces, int first, int size)
    {
        var cut = new List<Piece>();
        foreach (Piece piece in pieces)
        {
            if (piece.Last >= first && piece.First < first + size)
                cut.Add(new Piece(Math.Max(piece.First - first, 0), Math.Min(piece.Last - first, size - 1), piece.Target));
        }
        return cut;
    }

    private static string Key(int digits, List<Piece> pieces) =>
        $"{digits}:{string.Join(';', pieces.Select(piece => $"{piece.First},{piece.Last},{piece.Target}"))}";

    private int Fresh()
    {
        if (_edges.Count > Math.Max(8 * Nfa.MaxDfaStates, 2 * _values.States))
            throw new LanguageTooLargeException(Nfa.MaxDfaStates);
        _edges.Add([]);
        return _edges.Count - 1;
    }

    private void Add(int state, char value, int target) => _edges[state].Add(((byte)value, (byte)value, target));

    private ByteDfa Finish(int start)
    {
        // Bytes that the values do not tell apart and that mean nothing to JSON need not be told apart here.
        ByteClasses classes = ByteClasses.By(value => "\"\\/bfnrtu0123456789abcdefABCDEF".Contains((char)value)
            ? 1000 + value : _values.ClassOf((byte)value) * 2 + (value < 0x20 ? 1 : 0));
        int count = classes.Representatives.Length;
        var order = new int[_edges.Count];
        for (int i = 0; i < order.Length; i++)
            order[i] = i == 0 ? start : i == start ? 0 : i;
        var next = new int[_edges.Count * count];
        Array.Fill(next, ByteDfa.Dead);
        var accepts = new bool[_edges.Count];
        for (int i = 0; i < order.Length; i++)
        {
            accepts[i] = order[i] == _end;
            foreach ((byte low, byte high, int target) in _edges[order[i]])
            {
                for (int value = low; value <= high; value++)
                    next[i * count + classes.ClassOf[value]] = order[target];
            }
        }
        return Minimizer.Run(classes.ClassOf, count, next, accepts, Math.Max(Nfa.MaxDfaStates, 2 * _values.States));
    }
}
