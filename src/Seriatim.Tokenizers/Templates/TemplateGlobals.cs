using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>The functions every template has.</summary>
internal static class TemplateGlobals
{
    private const int MaxRange = 100_000;

    /// <summary>Adds the functions to the outermost scope.</summary>
    public static void AddTo(TemplateScope scope, DateTimeOffset now)
    {
        scope.Set("raise_exception", (TemplateFunction)((arguments, _) =>
            throw new ChatTemplateException($"the chat template refuses the conversation: {TemplateValue.Print(arguments.FirstOrDefault())}")));
        scope.Set("strftime_now", (TemplateFunction)((arguments, _) => Format(now,
            TemplateValue.Print(arguments.FirstOrDefault()))));
        scope.Set("range", (TemplateFunction)((arguments, _) => Range(arguments)));
        scope.Set("namespace", (TemplateFunction)((arguments, named) => MakeMap(arguments, named, isNamespace: true)));
        scope.Set("dict", (TemplateFunction)((arguments, named) => MakeMap(arguments, named, isNamespace: false)));
    }

    private static TemplateMap MakeMap(IReadOnlyList<object?> arguments, IReadOnlyDictionary<string, object?> named,
        bool isNamespace)
    {
        var map = new TemplateMap { IsNamespace = isNamespace };
        if (arguments.FirstOrDefault() is TemplateMap source)
        {
            foreach ((string key, object? value) in source.Items)
            {
                map.Set(key, value);
            }
        }

        foreach ((string key, object? value) in named)
        {
            map.Set(key, value);
        }

        return map;
    }

    private static List<object?> Range(IReadOnlyList<object?> arguments)
    {
        if (arguments.Count is < 1 or > 3 || arguments.Any(argument => argument is not long))
        {
            throw new ChatTemplateException("range needs one to three integers");
        }

        long start = arguments.Count == 1 ? 0 : (long)arguments[0]!;
        long stop = (long)arguments[arguments.Count == 1 ? 0 : 1]!;
        long step = arguments.Count == 3 ? (long)arguments[2]! : 1;
        var items = new List<object?>();
        if (step == 0)
        {
            throw new ChatTemplateException("the step of range cannot be 0");
        }

        for (Int128 i = start; step > 0 ? i < stop : i > stop; i += step)
        {
            items.Add((long)i);
            if (items.Count > MaxRange)
            {
                throw new ChatTemplateException($"range makes more than {MaxRange} numbers; the template is broken or hostile");
            }
        }

        return items;
    }

    private static string Format(DateTimeOffset now, string format)
    {
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 >= format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            char code = format[++i];
            bool bare = code == '-' && i + 1 < format.Length;
            string value = Field(now, bare ? format[++i] : code);
            text.Append(bare ? value.TrimStart('0') is { Length: > 0 } trimmed ? trimmed : "0" : value);
        }

        return text.ToString();
    }

    private static string Field(DateTimeOffset now, char code)
    {
        string Net(string format) => now.ToString(format, CultureInfo.InvariantCulture);
        return code switch
        {
            'Y' => Net("yyyy"),
            'y' => Net("yy"),
            'm' => Net("MM"),
            'd' => Net("dd"),
            'e' => Net("dd").TrimStart('0').PadLeft(2),
            'H' => Net("HH"),
            'I' => Net("hh"),
            'M' => Net("mm"),
            'S' => Net("ss"),
            'f' => Net("ffffff"),
            'p' => Net("tt"),
            'B' => Net("MMMM"),
            'b' or 'h' => Net("MMM"),
            'A' => Net("dddd"),
            'a' => Net("ddd"),
            'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'z' => Net("zzz").Replace(":", string.Empty, StringComparison.Ordinal),
            'F' => Net("yyyy-MM-dd"),
            'T' => Net("HH:mm:ss"),
            'D' => Net("MM/dd/yy"),
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => throw new ChatTemplateException($"strftime_now does not know %{code}"),
        };
    }
}
