using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>The value of a variable that does not exist: empty when printed or looped over, false, without members.</summary>
/// <param name="name">What was looked for.</param>
/// <param name="unsafely">Whether it exists, but the sandbox forbids it.</param>
internal sealed class Undefined(string name, bool unsafely = false)
{
    /// <summary>What was looked for.</summary>
    public string Name => name;

    /// <summary>What is wrong with using it.</summary>
    public string Problem => unsafely
        ? $"{name} is forbidden: values cannot be changed, nor their insides seen, by a template; build new ones "
            + "instead (+ for lists)"
        : $"{name} is undefined";
}

/// <summary>A tuple; <paramref name="names"/> are the names of its places, if it has some.</summary>
internal sealed class TemplateTuple(List<object?> items, params string[] names)
{
    /// <summary>What is in it.</summary>
    public List<object?> Items => items;

    /// <summary>The item of a named place, if there is one.</summary>
    public bool TryGet(string name, out object? value)
    {
        int place = Array.IndexOf(names, name);
        value = place < 0 ? null : items[place];
        return place >= 0;
    }
}

/// <summary>The numbers of <c>range()</c>.</summary>
internal sealed record TemplateRange(long Start, long Stop, long Step)
{
    /// <summary>How many there are.</summary>
    public long Count =>
        (long)Int128.Max(0, Step > 0 ? ((Int128)Stop - Start + Step - 1) / Step : ((Int128)Start - Stop - Step - 1) / -Step);

    /// <summary>The number at a place.</summary>
    public long this[long place] => Start + (place * Step);
}

/// <summary>Keys, values or items of a dictionary (<paramref name="Kind"/> is what Python calls them).</summary>
internal sealed record TemplateView(TemplateMap Map, string Kind)
{
    /// <summary>What is in it.</summary>
    public List<object?> Items => [.. Map.Items.Select(item => Kind switch
    {
        "dict_keys" => item.Key,
        "dict_values" => item.Value,
        _ => new TemplateTuple([item.Key, item.Value]),
    })];
}

/// <summary>
/// What <c>map</c>, <c>select</c> and others give: items that are made when they are wanted, and can be had once.
/// </summary>
internal sealed class TemplateGenerator(string name, IEnumerable<object?> items)
{
    private readonly IEnumerator<object?> _items = items.GetEnumerator();

    /// <summary>The filter it comes from.</summary>
    public string Name => name;

    /// <summary>Takes the next item.</summary>
    public bool TryTake(out object? item)
    {
        bool there = _items.MoveNext();
        item = there ? _items.Current : null;
        return there;
    }
}

/// <summary>Text whose special characters were replaced for HTML.</summary>
internal sealed record TemplateMarkup(string Text);

/// <summary>Bytes, from <c>encode()</c>.</summary>
internal sealed record TemplateBytes(byte[] Bytes)
{
    /// <summary>As Python writes them.</summary>
    public string Print()
    {
        char quote = Bytes.Contains((byte)'\'') && !Bytes.Contains((byte)'"') ? '"' : '\'';
        var text = new StringBuilder("b").Append(quote);
        foreach (byte value in Bytes)
        {
            _ = value switch
            {
                (byte)'\n' => text.Append("\\n"),
                (byte)'\r' => text.Append("\\r"),
                (byte)'\t' => text.Append("\\t"),
                (byte)'\\' => text.Append("\\\\"),
                _ when value == quote => text.Append('\\').Append(quote),
                < 32 or > 126 =>
                    text.Append("\\x").Append(value.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)),
                _ => text.Append((char)value),
            };
        }

        return text.Append(quote).ToString();
    }
}

/// <summary>What <c>namespace()</c> makes: the only thing whose members can be set.</summary>
internal sealed class TemplateNamespace
{
    /// <summary>The members.</summary>
    public TemplateMap Members { get; } = new();
}

/// <summary>Something with members that are no dictionary's: a loop, a macro, a cycler.</summary>
internal abstract class TemplateObject
{
    /// <summary>What printing it gives.</summary>
    public abstract string Print();

    /// <summary>A member, if there is one of that name.</summary>
    public abstract bool TryGet(string name, out object? value);
}

/// <summary>A thing that can be seen, but has no use here.</summary>
internal sealed class TemplateReference(string text) : TemplateObject
{
    /// <inheritdoc/>
    public override string Print() => text;

    /// <inheritdoc/>
    public override bool TryGet(string name, out object? value) =>
        throw new ChatTemplateException($"blocks of templates (self.{name}) are not supported");
}
