namespace Seriatim.Tokenizers;

/// <summary>The tests of templates (<c>is defined</c> ...).</summary>
internal static class TemplateTests
{
    /// <summary>Applies a test.</summary>
    public static bool Apply(string name, object? value, IReadOnlyList<object?> arguments, int line)
    {
        object? Argument() => arguments.Count > 0 ? arguments[0]
            : throw new ChatTemplateException($"the test {name} needs an argument", line);
        switch (name)
        {
            case "defined":
                return value is not Undefined;
            case "undefined":
                return value is Undefined;
            case "none":
                return value is null;
            case "string":
                return value is string;
            case "boolean":
                return value is bool;
            case "integer":
                return value is long;
            case "float":
                return value is double;
            case "number":
                return value is long or double or bool;
            case "mapping":
                return value is TemplateMap;
            case "sequence":
                return value is List<object?> or string or TemplateMap;
            case "iterable":
                return value is List<object?> or string or TemplateMap or Undefined;
            case "callable":
                return value is TemplateFunction;
            case "true":
                return value is true;
            case "false":
                return value is false;
            case "odd":
                return value is long odd && odd % 2 != 0;
            case "even":
                return value is long even && even % 2 == 0;
            case "divisibleby":
                return value is long dividend && Argument() is long divisor && divisor != 0 && dividend % divisor == 0;
            case "upper":
                return value is string upper && upper.Any(char.IsLetter) && !upper.Any(char.IsLower);
            case "lower":
                return value is string lower && lower.Any(char.IsLetter) && !lower.Any(char.IsUpper);
            case "in":
                return TemplateOperators.Contains(Argument(), value, line);
            case "equalto" or "eq" or "sameas":
                return TemplateValue.Same(value, Argument());
            case "ne":
                return !TemplateValue.Same(value, Argument());
            case "lt" or "lessthan":
                return TemplateOperators.Compare(value, Argument(), line) < 0;
            case "gt" or "greaterthan":
                return TemplateOperators.Compare(value, Argument(), line) > 0;
            case "le":
                return TemplateOperators.Compare(value, Argument(), line) <= 0;
            case "ge":
                return TemplateOperators.Compare(value, Argument(), line) >= 0;
            default:
                throw new ChatTemplateException($"the test \"{name}\" is not supported", line);
        }
    }
}
