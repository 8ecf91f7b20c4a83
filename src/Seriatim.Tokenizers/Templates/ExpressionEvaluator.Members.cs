using System.Numerics;

namespace Seriatim.Tokenizers;

/// <content>
/// Members. <c>a.b</c> is Python's attribute before the item of that name, <c>a["b"]</c> the item before the attribute: so a
/// dictionary with the key <c>items</c> keeps its method.
/// </content>
internal sealed partial class ExpressionEvaluator
{
    /// <summary>What <c>target.name</c> gives.</summary>
    public object? Attribute(object? target, string name, int line)
    {
        if (TryAttribute(target, name, line, out object? value))
            return value;
        if (target is Undefined undefined)
            throw new ChatTemplateException($"{undefined.Problem}, so it has no member {name}", line);
        return target is TemplateMap map && map.TryGet(name, out value) ? value : new Undefined(name);
    }

    /// <summary>What <c>target[key]</c> gives.</summary>
    public object? Item(object? target, object? key, int line)
    {
        budget.Scan((key as string)?.Length ?? 0, line);
        switch (target)
        {
            case TemplateMap map when TemplateMap.IsKey(key) && map.TryGet(key, out object? value):
                return value;
            case Undefined undefined:
                throw new ChatTemplateException(
                    $"{undefined.Problem}, so it has no member {TemplatePrinter.Print(key, budget, line)}", line);
            case string or List<object?> or TemplateTuple or TemplateRange when TemplateValue.Integer(key) is { } place:
                return At(target, place, line);
        }

        return key is string name && TryAttribute(target, name, line, out object? attribute) ? attribute
            : new Undefined(key is string ? (string)key : $"the item {TemplatePrinter.Repr(key, budget, line)}");
    }

    /// <summary>
    /// A path of attributes, as filters take it: <c>function.name</c>, <c>0.role</c>; parts that are none take the default.
    /// </summary>
    public object? Path(object? item, object? path, int line, object? otherwise = null)
    {
        if (path is null)
            return item;
        if (path is not string names)
            return Default(Item(item, path, line));
        foreach (string part in names.Split('.'))
        {
            bool isPlace = part.Length > 0 && part.All(char.IsAsciiDigit);
            item = Default(Item(item, isPlace && long.TryParse(part, out long place) ? place : part, line));
        }

        return item;

        object? Default(object? value) => otherwise is not null && value is Undefined ? otherwise : value;
    }

    private object? At(object target, BigInteger place, int line)
    {
        budget.Scan(target is string source ? source.Length >> 4 : 0, line);
        if (target is string text && !TemplateText.IsFlat(text))
        {
            budget.Scan(text.Length, line);
            target = TemplateText.Points(text).ToList<object?>();
        }

        long length = target is string flat ? flat.Length : target is TemplateRange range ? range.Count
            : TemplateValue.ListOf(target)!.Count;
        place += place.Sign < 0 ? length : 0;
        if (place.Sign < 0 || place >= length)
            return new Undefined($"the item {place} of {length}");
        return target switch
        {
            string characters => characters[(int)place].ToString(),
            TemplateRange numbers => numbers[(long)place],
            _ => TemplateValue.ListOf(target)![(int)place],
        };
    }

    private bool TryAttribute(object? target, string name, int line, out object? value)
    {
        value = null;
        switch (target)
        {
            case TemplateNamespace members:
                return members.Members.TryGet(name, out value);
            case TemplateTuple tuple when tuple.TryGet(name, out value):
                return true;
            case TemplateObject other:
                return other.TryGet(name, out value);
        }

        TemplateRoutine? method = TemplateMethods.Find(target, name);
        bool isForbidden = (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal))
            || TemplateMethods.Changes(target, name);
        if (method is null && !isForbidden && TemplateMethods.IsOther(target, name))
            throw new ChatTemplateException($"{name} of {TemplateValue.TypeOf(target)} is not supported", line);
        value = isForbidden ? new Undefined(name, unsafely: true) : method is null ? null : new TemplateFunction(method, target);
        return isForbidden || method is not null;
    }
}
