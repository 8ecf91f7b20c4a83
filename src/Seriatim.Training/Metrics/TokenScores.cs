namespace Seriatim.Training;

/// <summary>Sums over labels; add up those of several batches, then ask for the means.</summary>
/// <param name="LossSum">Negative log-likelihood in nats, summed.</param>
/// <param name="Labels">Number of labels.</param>
/// <param name="Correct">Labels that were the most likely id.</param>
public readonly record struct TokenScores(double LossSum, long Labels, long Correct)
{
    /// <summary>Number of targets whose length was predicted.</summary>
    public long Lengths { get; init; }

    /// <summary>Those of them whose length was the most likely one.</summary>
    public long CorrectLengths { get; init; }

    /// <summary>Share of the lengths that were the most likely ones; not a number if none was predicted.</summary>
    public double LengthAccuracy => (double)CorrectLengths / Lengths;

    /// <summary>Mean loss of a label in nats.</summary>
    public double Loss => LossSum / Labels;

    /// <summary><c>exp(loss)</c>.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>Share of the labels that were the most likely id.</summary>
    public double Accuracy => (double)Correct / Labels;

    /// <summary>Adds two sums.</summary>
    public static TokenScores operator +(TokenScores a, TokenScores b) => a.Add(b);

    /// <summary>Adds the sums of another batch.</summary>
    /// <param name="other">The sums.</param>
    public TokenScores Add(TokenScores other) =>
        new(LossSum + other.LossSum, Labels + other.Labels, Correct + other.Correct)
        {
            Lengths = Lengths + other.Lengths,
            CorrectLengths = CorrectLengths + other.CorrectLengths,
        };

    /// <summary>Loss in bits for each byte of UTF-8 that was predicted: comparable between vocabularies.</summary>
    /// <param name="bytes">Bytes of the text that the labels stand for.</param>
    public double BitsPerByte(long bytes) => LossSum / Math.Log(2) / bytes;
}
