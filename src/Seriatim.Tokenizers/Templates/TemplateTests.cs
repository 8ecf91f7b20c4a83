using System.Globalization;
using System.Numerics;

namespace Seriatim.Tokenizers;

/// <summary>The tests of templates (<c>is defined</c> ...).</summary>
internal static class TemplateTests
{
    /// <summary>All tests by name.</summary>
    public static readonly TemplateTable All = new(
        new("defined", "", call => call.Subject is not Undefined),
        new("undefined", "", call => call.Subject is Undefined),
        new("none", "", call => call.Subject is null),
        new("string", "", call => call.Subject is string or TemplateMarkup),
        new("boolean", "", call => call.Subject is bool),
        new("integer", "", call => call.Subject is long or BigInteger),
        new("float", "", call => call.Subject is double),
        new("number", "", call => call.Subject is long or BigInteger or double or bool),
        new("mapping", "", call => call.Subject is TemplateMap),
        new("sequence", "", call => call.Subject is List<object?> or TemplateTuple or TemplateRange or string or TemplateMap
            or TemplateMarkup or TemplateBytes or Undefined),
        new("iterable", "",
            call => call.Subject is List<object?> or TemplateTuple or TemplateRange or TemplateView or TemplateGenerator
                or string or TemplateMap or TemplateMarkup or TemplateBytes or Undefined),
        new("callable", "", call => call.Subject is ITemplateCallable or Undefined),
        new("escaped", "", call => call.Subject is TemplateMarkup),
        new("true", "", call => call.Subject is true),
        new("false", "", call => call.Subject is false),
        new("odd", "", call => Remainder(call, 2) == 1),
        new("even", "", call => Remainder(call, 2) == 0),
        new("divisibleby", "num", call => Remainder(call, call[0]) == 0),
        new("upper", "", call => TemplateText.IsAll(call.Printed(), UnicodeCategory.UppercaseLetter)),
        new("lower", "", call => TemplateText.IsAll(call.Printed(), UnicodeCategory.LowercaseLetter)),
        new("filter", "", call => TemplateFilters.All.Find(Name(call)) is not null),
        new("test", "", call => Exists(Name(call))),
        new("in", "seq", call => TemplateComparison.Contains(call.Run, call[0], call.Subject, call.Line)),
        new("sameas", "other", IsSame),
        Comparison("==", "=="), Comparison("eq", "=="), Comparison("equalto", "=="), Comparison("!=", "!="),
        Comparison("ne", "!="), Comparison("<", "<"), Comparison("lt", "<"), Comparison("lessthan", "<"), Comparison("<=", "<="),
        Comparison("le", "<="), Comparison(">", ">"), Comparison("gt", ">"), Comparison("greaterthan", ">"),
        Comparison(">=", ">="), Comparison("ge", ">="));

    private static TemplateRoutine Comparison(string name, string op) =>
        new(name, "other", call => TemplateOperators.Compare(call.Run, op, call.Subject, call[0], call.Line));

    private static bool Exists(string name) => All.Find(name) is not null;

    private static string Name(TemplateCall call) => call.Subject as string ?? throw call.Refuse("needs a name");

    private static double? Remainder(TemplateCall call, object? divisor) =>
        TemplateValue.Number(TemplateOperators.Apply(call.Run, "%", Numeric(call),
            divisor is int number ? (long)number : divisor, call.Line));

    private static object? Numeric(TemplateCall call) => TemplateValue.Number(call.Subject) is not null ? call.Subject
        : throw call.Refuse($"needs a number, not {TemplateValue.TypeOf(call.Subject)}");

    /// <summary>Python compares addresses here; where these depend on how a value came to be, there is no right answer.</summary>
    private static object? IsSame(TemplateCall call)
    {
        (object? a, object? b) = (call.Subject, call[0]);
        if (a is null or bool || b is null or bool || a?.GetType() != b?.GetType())
            return Equals(a, b);
        if (a is long x && b is long y && (x is >= -5 and <= 256 || x != y))
            return x == y;
        return a is string or long or BigInteger or double or TemplateTuple
            ? throw call.Refuse($"compares addresses; use == for {TemplateValue.TypeOf(a)}")
            : ReferenceEquals(a, b) || (a is Undefined && b is Undefined);
    }
}
