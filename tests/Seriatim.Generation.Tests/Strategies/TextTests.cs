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

    private static void Check(Tokenizer tokenizer, int[] prompt, int[] tokens, string whole, string stop)
    {
        var stream = new TextStream(tokenizer, prompt, [stop, "\u0001"]);
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
