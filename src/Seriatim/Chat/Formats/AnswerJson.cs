namespace Seriatim;

/// <summary>
/// JSON of arguments that a model wrote in another notation: strings as grammars write them, with letters as they are.
/// </summary>
internal static class AnswerJson
{
    /// <summary>A string with its quotes.</summary>
    public static string Text(string text) => Generation.JsonText.Written(text);

    /// <summary>A string without its quotes.</summary>
    public static string Inner(string text) => Text(text)[1..^1];
}
