using System.Text;
using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests;

/// <summary>Stop strings across token borders; partial stops never leak.</summary>
public sealed class TextTests
{
    [SharedFact]
    public void EveryStopStringEndsTheTextBeforeItWhereverTokensBegin()
    {
        Tokenizer tokenizer = Tokenizer.Load(Shared.Path("models", "stories260K"));
        const string Story = "Once upon a time there was a girl named Lily. She said: ééé! The end.";
        int[] prompt = tokenizer.Encode("Hello");
        int[] all = tokenizer.Encode("Hello " + Story)[prompt.Length..];
        string whole = tokenizer.Decode([.. prompt, .. all])[tokenizer.Decode(prompt).Length..];
        for (int start = 0; start < whole.Length; start++)
        {
            for (int length = 1; start + length <= whole.Length && length < 12; length += 3)
                Check(tokenizer, prompt, all, whole, whole.Substring(start, length));
        }

        Check(tokenizer, prompt, all, whole, "never there");
        Check(tokenizer, prompt, all, whole, "end.!");
    }

    /// <summary>
    /// Special tokens that are shown stand where they were given, and change nothing of the text and where it stops.
    /// </summary>
    [SharedFact]
    public void ShownTokensComeOutWhereTheyStandAndStopNothing()
    {
        Tokenizer tokenizer = Tokenizer.Load(Shared.Path("models", "stories260K"));
        const string Mark = "</s>";
        int mark = tokenizer.IdOf(Mark)!.Value;
        int[] prompt = tokenizer.Encode("Hello"), all = tokenizer.Encode("Hello Lily said: ééé! The end.")[prompt.Length..];
        string before = tokenizer.Decode(prompt);
        for (int at = 0; at <= all.Length; at++)
        {
            int[] marked = [.. all[..at], mark, .. all[at..]];
            string whole = Run(tokenizer, prompt, marked, [], [mark], out _);
            Assert.Equal(Run(tokenizer, prompt, all, [], [mark], out _), whole.Replace(Mark, "", StringComparison.Ordinal));
            Assert.Equal(tokenizer.Decode([.. prompt, .. all[..at]])[before.Length..],
                whole[..whole.IndexOf(Mark, StringComparison.Ordinal)]);
            foreach (string stop in (string[])["ly s", "é", "/s", "<", "end"])
            {
                string shown = Run(tokenizer, prompt, marked, [stop], [mark], out bool stops);
                Assert.Equal(Run(tokenizer, prompt, marked, [stop], [], out bool stopped),
                    shown.Replace(Mark, "", StringComparison.Ordinal));
                Assert.Equal(stopped, stops);
            }
        }
    }

    private static string Run(Tokenizer tokenizer, int[] prompt, int[] tokens, string[] stops, int[] shown, out bool stopped)
    {
        var stream = new TextStream(tokenizer, prompt, stops, shown);
        var text = new StringBuilder();
        stopped = false;
        foreach (int token in tokens)
        {
            text.Append(stream.Append(token, mayStop: true, out stopped));
            stream = stream.Copy();
            if (stopped)
                break;
        }

        if (!stopped)
            text.Append(stream.Flush(mayStop: true, out stopped));
        Assert.Equal(text.ToString(), stream.All);
        return text.ToString();
    }

    private static void Check(Tokenizer tokenizer, int[] prompt, int[] tokens, string whole, string stop)
    {
        var stream = new TextStream(tokenizer, prompt, [stop, "\u0001"], []);
        var text = new StringBuilder();
        bool stopped = false;
        foreach (int token in tokens)
        {
            text.Append(stream.Append(token, mayStop: true, out stopped));
            Assert.StartsWith(text.ToString(), whole, StringComparison.Ordinal);
            if (stopped)
                break;
        }

        if (!stopped)
            text.Append(stream.Flush(mayStop: true, out stopped));
        int at = whole.IndexOf(stop, StringComparison.Ordinal);
        Assert.Equal(at >= 0, stopped);
        Assert.Equal(at >= 0 ? whole[..at] : whole, text.ToString());
        Assert.Equal(text.ToString(), stream.All);
    }
}
