using System.CommandLine;
using Seriatim.Models;

namespace Seriatim.Cli;

/// <summary>How a text is read and cut into windows.</summary>
internal sealed class TextFlags
{
    private readonly Option<string?> _marker = Flag.Maybe<string>(
        "Text: the line between two documents, e.g. '<|endoftext|>'. Default: the file is one document.", "line", "--marker");
    private readonly Option<int?> _context =
        Flag.Maybe<int?>("Text: tokens of a window (default: the model's context).", "n", "--ctx-size", "-c");
    private readonly Option<int?> _stride = Flag.Maybe<int?>("Decoders: how far windows are apart (default: half of one, so that "
        + "each token but the first ones has at least half a window before it).", "n", "--stride");
    private readonly Option<double?> _share =
        Flag.Maybe<double?>("Masked models: share of the tokens that are asked for (default 0.15).", "x", "--mask-share");
    private readonly Option<ulong?> _seed =
        Flag.Maybe<ulong?>("Masked models: seed of the choice (default 1).", "n", "--seed", "-s");

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_marker, _context, _stride, _share, _seed])
            command.Add(option);
    }

    /// <summary>Refuses what means nothing to the model at hand.</summary>
    public void RefuseUnless(ParseResult result, ModelTask task)
    {
        string what = $"(this is a model for {task})";
        bool reads = task is not (ModelTask.SequenceToSequence or ModelTask.MaskedTranslation);
        result.Require(reads, $"a decoder or a masked model {what}", _marker, _context);
        result.Require(task == ModelTask.CausalLanguageModel, $"a decoder {what}", _stride);
        result.Require(task == ModelTask.MaskedLanguageModel, $"a masked model {what}", _share, _seed);
    }

    public TextSettings Read(ParseResult result, Model model)
    {
        int most = model.Spec.Context;
        TextSettings usual = TextSettings.For(model);
        int window = result.GetValue(_context) ?? usual.Window;
        if (window < 2 || window > most)
            throw new UsageException($"--ctx-size is {window}; 2 to {most}, the context of this model, is allowed.");
        int stride = result.GetValue(_stride) ?? window / 2;
        if (stride < 1 || stride > window)
            throw new UsageException($"--stride is {stride}; 1 to {window}, the window, is allowed.");
        double share = result.GetValue(_share) ?? usual.MaskShare;
        if (!(share is > 0 and <= 1))
            throw new UsageException($"--mask-share is {share}; above 0 and up to 1 is allowed.");
        return new TextSettings(result.GetValue(_marker), window, stride, share, result.GetValue(_seed) ?? usual.Seed);
    }
}

/// <summary>How a text is read and cut into windows.</summary>
/// <param name="Marker">The line between documents; null: none.</param>
/// <param name="Window">Tokens of a window.</param>
/// <param name="Stride">How far windows are apart.</param>
/// <param name="MaskShare">Share of the tokens that are asked for.</param>
/// <param name="Seed">Of that choice.</param>
internal sealed record TextSettings(string? Marker, int Window, int Stride, double MaskShare, ulong Seed)
{
    private const int UnlimitedContext = 2048;

    /// <summary>What holds if no flag says otherwise.</summary>
    public static TextSettings For(Model model)
    {
        int window = model.Spec.Context == int.MaxValue ? UnlimitedContext : model.Spec.Context;
        return new TextSettings(null, window, window / 2, 0.15, 1);
    }
}
