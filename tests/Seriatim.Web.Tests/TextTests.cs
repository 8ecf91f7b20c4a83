using System.Reflection;
using System.Text.RegularExpressions;
using Seriatim.Web.Texts;

namespace Seriatim.Web.Tests;

/// <summary>All that the page says, in both languages.</summary>
public sealed partial class TextTests
{
    [Fact]
    public void Every_text_is_there_in_both_languages_with_the_same_places()
    {
        (string Name, Text Text)[] texts = [.. Texts()];
        Assert.True(texts.Length > 20, $"Only {texts.Length} texts were found.");
        foreach ((string name, Text text) in texts)
        {
            Assert.False(string.IsNullOrWhiteSpace(text.English), name);
            Assert.False(string.IsNullOrWhiteSpace(text.Chinese), name);
            Assert.Equal(PlacesOf(text.English), PlacesOf(text.Chinese));
        }
    }

    [Fact]
    public void Texts_of_both_languages_differ()
    {
        Assert.All(Texts(), text => Assert.True(text.Text.English != text.Text.Chinese || !Words().IsMatch(text.Text.English),
            $"{text.Name} is the same in both languages: {text.Text.English}"));
    }

    private static IEnumerable<(string Name, Text Text)> Texts() =>
        from type in typeof(Text).Assembly.GetTypes()
        where type.Name.EndsWith("Texts", StringComparison.Ordinal)
        from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
        where field.FieldType == typeof(Text)
        select ($"{type.Name}.{field.Name}", (Text)field.GetValue(null)!);

    private static string[] PlacesOf(string text) =>
        [.. Place().Matches(text).Select(place => place.Value).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Names (Top-p) are the same everywhere; several words are not.</summary>
    [GeneratedRegex(@"\p{L}{2,} \p{L}{2,}")]
    private static partial Regex Words();

    [GeneratedRegex(@"\{\d")]
    private static partial Regex Place();
}
