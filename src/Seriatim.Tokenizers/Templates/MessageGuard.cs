using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Keeps what is written in messages from being read as special tokens, while the marks of the template stay what they are.
/// Templates are programs: where a message ends up in the prompt is known only by what is put into it beforehand.
/// </summary>
/// <remarks>
/// In a message, each place where a special token would begin gets a character of its own, which no text here has, after its
/// first character; after rendering these are taken out and the places noted. That is enough unless a template builds a special
/// token of pieces of messages, such as two parts of which each is half of one. So the conversation is rendered once more with
/// stand-ins for every first character of a special token, in which nothing can come together: if the special tokens of both are
/// not the same, the second counts. Messages in which no such character occurs cost nothing.
/// </remarks>
internal sealed class MessageGuard
{
    private const char FirstPrivate = '\uE000', LastPrivate = '\uF8FF';

    private readonly PieceTrie _special = new();
    private readonly HashSet<char> _first = [];
    private readonly HashSet<char> _taken = [];

    private bool _needed;

    /// <summary>Looks at messages and tools before they are rendered.</summary>
    /// <param name="tokens">The tokenizer's added tokens.</param>
    /// <param name="template">Source of the template.</param>
    /// <param name="values">Messages and tools, as a template has them.</param>
    public MessageGuard(IReadOnlyList<AddedToken> tokens, string template, params ReadOnlySpan<object?> values)
    {
        Take(template);
        foreach (AddedToken token in tokens.Where(token => token.Special))
        {
            _special.Add(token.Content, token.Id, replace: true);
            _first.Add(token.Content[0]);
            Take(token.Content);
        }

        foreach (object? value in values)
        {
            Map(value, text =>
            {
                _needed |= text.Any(_first.Contains);
                Take(text);
                return text;
            });
        }
    }

    /// <summary>Renders a conversation, and says where in the prompt no special token begins.</summary>
    /// <param name="render">Renders with each string of messages and tools put through a function first.</param>
    public GuardedPrompt Render(Func<Func<object?, object?>, string> render)
    {
        if (!_needed)
            return new GuardedPrompt(render(value => value), []);
        GuardedPrompt marked = WithMarks(render), apart = WithStandIns(render);
        return Specials(marked).SequenceEqual(Specials(apart)) ? marked : apart;
    }

    private GuardedPrompt WithMarks(Func<Func<object?, object?>, string> render)
    {
        char mark = Free(1)[0];
        string text = WithoutEscapes(render(value => Map(value, text => Mark(text, mark))), mark, null);
        var prompt = new StringBuilder(text.Length);
        var places = new HashSet<int>();
        foreach (char sign in text)
        {
            if (sign != mark)
                prompt.Append(sign);
            else if (prompt.Length > 0 && _first.Contains(prompt[^1]))
                places.Add(prompt.Length - 1);
        }

        return new GuardedPrompt($"{prompt}", places);
    }

    private GuardedPrompt WithStandIns(Func<Func<object?, object?>, string> render)
    {
        char[] first = [.. _first], free = Free(first.Length);
        string text = render(value => Map(value, text => string.Create(text.Length, text, (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
                span[i] = Array.IndexOf(first, source[i]) is >= 0 and var place ? free[place] : source[i];
        })));
        for (int i = 0; i < free.Length; i++)
            text = WithoutEscapes(text, free[i], free[i]);
        char[] prompt = text.ToCharArray();
        var places = new HashSet<int>();
        for (int i = 0; i < prompt.Length; i++)
        {
            if (Array.IndexOf(free, prompt[i]) is not (>= 0 and var place))
                continue;
            prompt[i] = first[place];
            places.Add(i);
        }

        return new GuardedPrompt(new string(prompt), places);
    }

    /// <summary>The special tokens that a prompt has, in their order.</summary>
    private List<int> Specials(GuardedPrompt prompt)
    {
        var found = new List<int>();
        for (int at = 0; at < prompt.Text.Length;)
        {
            int length = _special.LongestMatch(prompt.Text.AsSpan(at), out int id);
            if (length == 0 || prompt.PlainStarts.Contains(at))
            {
                at++;
                continue;
            }

            found.Add(id);
            at += length;
        }

        return found;
    }

    private string Mark(string text, char mark)
    {
        if (!text.Any(_first.Contains))
            return text;
        var marked = new StringBuilder(text.Length + 8);
        for (int at = 0; at < text.Length; at++)
        {
            marked.Append(text[at]);
            if (_special.LongestMatch(text.AsSpan(at), out _) > 0)
                marked.Append(mark);
        }

        return $"{marked}";
    }

    /// <summary>A filter may have written a character as JSON escapes it.</summary>
    private static string WithoutEscapes(string text, char sign, char? instead) =>
        text.Replace($"\\u{(int)sign:x4}", $"{instead}", StringComparison.OrdinalIgnoreCase);

    private void Take(string text)
    {
        foreach (char sign in text)
        {
            if (sign is >= FirstPrivate and <= LastPrivate)
                _taken.Add(sign);
        }
    }

    /// <summary>Characters that no text here has.</summary>
    private char[] Free(int count)
    {
        char[] free = [.. Enumerable.Range(FirstPrivate, LastPrivate - FirstPrivate + 1).Select(code => (char)code)
            .Where(sign => !_taken.Contains(sign)).Take(count)];
        return free.Length == count ? free : throw new ChatTemplateException(
            "the messages have nearly every private-use character of Unicode, so special tokens in them cannot be told apart; "
                + "remove some, or set ParseSpecialTokens if they are your own.");
    }

    /// <summary>Puts each string of a value through a function.</summary>
    private static object? Map(object? value, Func<string, string> text)
    {
        switch (value)
        {
            case string plain:
                return text(plain);
            case List<object?> list:
                return list.ConvertAll(item => Map(item, text));
            case TemplateMap map:
                var mapped = new TemplateMap();
                foreach ((object? key, object? item) in map.Items)
                    mapped.Set(Map(key, text), Map(item, text));
                return mapped;
            default:
                return value;
        }
    }
}
