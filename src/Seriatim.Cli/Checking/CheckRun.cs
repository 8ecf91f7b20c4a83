using System.Globalization;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Cli;

/// <summary>The work of <c>seriatim check</c>.</summary>
/// <param name="threads">Threads of the passes.</param>
/// <param name="storage">How weights are loaded.</param>
/// <param name="mostDivergence">Mean divergence that still passes.</param>
/// <param name="text">The text that two models are compared on.</param>
internal sealed class CheckRun(int threads, WeightStorage storage, double mostDivergence, string text)
{
    private const int Rows = 256;

    /// <summary>What it is at.</summary>
    public string Doing { get; private set; } = "";

    /// <summary>Checks a model and, if there is another, holds both against each other.</summary>
    public async Task<CheckReport> RunAsync(
        string name, string folder, string? otherName, string? otherFolder, CancellationToken stop)
    {
        Doing = $"loading {name}";
        using IDifferentiableOps ops = CpuOps.Create(threads);
        using CheckedModel model = CheckedModel.Load(name, folder, storage);
        Doing = $"checking {name}";
        List<CheckLine> lines = [.. await SelfChecks.RunAsync(model, ops, stop)];
        LogitsComparison? comparison = null;
        if (otherName is not null)
        {
            Doing = $"loading {otherName}";
            using CheckedModel other = CheckedModel.Load(otherName, otherFolder!, storage);
            Doing = $"comparing with {otherName}";
            stop.ThrowIfCancellationRequested();
            (IEnumerable<CheckLine> compared, comparison) = Compare(model, other, ops);
            lines.AddRange(compared);
        }

        return new CheckReport(name, otherName, lines.TrueForAll(line => line.Result != "failed"), lines, comparison);
    }

    private (IEnumerable<CheckLine> Lines, LogitsComparison? Comparison) Compare(CheckedModel model, CheckedModel other, IOps ops)
    {
        const string Name = "logits of both";
        int[] ids = model.Ids(text, Math.Min(Rows, other.Model.Spec.Context));
        List<CheckLine> lines = [];
        if (model.Tokenizer is not null && other.Tokenizer is not null)
            lines.Add(Tokens(ids, other));
        if (ids.FirstOrDefault(id => id >= other.Model.Spec.Last.Vocabulary, -1) is >= 0 and int beyond)
        {
            lines.Add(CheckLine.Failed(Name,
                $"id {beyond} of {model.Name} is beyond the {other.Model.Spec.Last.Vocabulary} rows of {other.Name}"));
            return (lines, null);
        }

        (float[] first, int columns) = model.Logits(ops, ids);
        (float[] second, int otherColumns) = other.Logits(ops, ids);
        if (first.Length != second.Length || columns != otherColumns)
        {
            lines.Add(CheckLine.Failed(Name, $"{model.Name} gives {first.Length / columns} rows of {columns}, "
                + $"{other.Name} {second.Length / otherColumns} of {otherColumns}: they are no files of one model"));
            return (lines, null);
        }

        if (Array.FindIndex(second, value => !float.IsFinite(value)) is >= 0 and int bad)
        {
            lines.Add(CheckLine.Failed(Name, $"logit {bad % columns} of row {bad / columns} of {other.Name} is {second[bad]}"));
            return (lines, null);
        }

        if (!Array.TrueForAll(first, float.IsFinite))
            return (lines, null); // said before

        LogitsComparison found = LogitsComparison.Of(first, second, columns);
        string detail = string.Create(CultureInfo.InvariantCulture,
            $"{found.Rows} rows: largest difference {found.MaxDifference:G3} (rms {found.RmsDifference:G3}), divergence "
                + $"{found.MeanDivergence:G3} nats (at most {found.MaxDivergence:G3}), the same best one in "
                + $"{found.Agreement:P1}");
        lines.Add(found.MeanDivergence <= mostDivergence
            ? CheckLine.Passed(Name, detail)
            : CheckLine.Failed(Name, string.Create(
                CultureInfo.InvariantCulture, $"{detail}; more than --max-kl {mostDivergence:G3}")));
        return (lines, found);
    }

    private CheckLine Tokens(int[] ids, CheckedModel other)
    {
        int[] theirs = other.Ids(text, ids.Length);
        int at = ids.AsSpan().CommonPrefixLength(theirs);
        return at == ids.Length && at == theirs.Length
            ? CheckLine.Passed("tokens of both", $"{ids.Length} ids, the same")
            : CheckLine.Failed("tokens of both", $"at place {at} of {ids.Length} and {theirs.Length}: "
                + $"{(at < ids.Length ? ids[at] : "the end")} and {(at < theirs.Length ? theirs[at] : "the end")}");
    }
}
