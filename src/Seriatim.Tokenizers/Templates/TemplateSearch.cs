namespace Seriatim.Tokenizers;

/// <summary>
/// Looks for a string in a string in linear time. The platform's search compares a long part again at every place where its ends
/// match, which a hostile template can make last for minutes.
/// </summary>
internal static class TemplateSearch
{
    private const int Short = 32;

    /// <summary>The first occurrence at or after a place, or -1.</summary>
    public static int First(string text, string part, int from, TemplateBudget budget, int line)
    {
        if (part.Length <= Short || part.Length > text.Length - from)
        {
            int found = part.Length > text.Length - from ? -1 : text.IndexOf(part, from, StringComparison.Ordinal);
            budget.Scan((found < 0 ? text.Length : found) - from, line);
            return found;
        }

        budget.Scan(text.Length - from + part.Length, line);
        return Walk(part.Length, text.Length - from, i => part[i], i => text[from + i]) is >= 0 and var at ? from + at : -1;
    }

    /// <summary>The last occurrence that ends at or before a place, or -1.</summary>
    public static int Last(string text, string part, int end, TemplateBudget budget, int line)
    {
        if (part.Length > end)
            return -1;
        budget.Scan(end, line);
        if (part.Length == 0)
            return end;
        if (part.Length <= Short)
            return text.AsSpan(0, end).LastIndexOf(part);
        int at = Walk(part.Length, end, i => part[^(i + 1)], i => text[end - 1 - i]);
        return at < 0 ? -1 : end - at - part.Length;
    }

    /// <summary>All occurrences that do not overlap, at most so many.</summary>
    public static List<int> All(string text, string part, long most, TemplateBudget budget, int line)
    {
        var places = new List<int>();
        for (int at = 0; places.Count < most && (at = First(text, part, at, budget, line)) >= 0; at += part.Length)
            places.Add(at);
        return places;
    }

    /// <summary>Knuth, Morris and Pratt, "Fast pattern matching in strings" (1977).</summary>
    private static int Walk(int partLength, int textLength, Func<int, char> part, Func<int, char> text)
    {
        int[] border = new int[partLength];
        for (int i = 1, k = 0; i < partLength; i++)
        {
            while (k > 0 && part(i) != part(k))
                k = border[k - 1];
            k += part(i) == part(k) ? 1 : 0;
            border[i] = k;
        }

        for (int i = 0, k = 0; i < textLength; i++)
        {
            while (k > 0 && text(i) != part(k))
                k = border[k - 1];
            k += text(i) == part(k) ? 1 : 0;
            if (k == partLength)
                return i - k + 1;
        }

        return -1;
    }
}
