using System.CommandLine;
using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim.Cli;

/// <summary>How far back a sequence sees, and how it counts positions. Names are those of llama.cpp where it has them.</summary>
internal sealed class ContextFlags
{
    private readonly Option<int?> _window = Flag.Maybe<int?>(
        "See only so many last tokens (and the sinks): constant memory, and no end at the model's context.", "n", "--window");
    private readonly Option<int> _sinks = Flag.Of("With --window: first tokens that stay in sight.", "n", 4, "--sinks");
    private readonly Option<string?> _scaling = Flag.Maybe<string>(
        "Stretch rotary positions beyond the trained context: linear, ntk, dynamic, yarn; none: not, whatever the config says.",
        "kind", "--rope-scaling");
    private readonly Option<double?> _scale =
        Flag.Maybe<double?>("Factor by which the context grows (linear if no kind is given).", "x", "--rope-scale");
    private readonly Option<double?> _base =
        Flag.Maybe<double?>("Base of the rotary wave lengths, instead of the config's.", "x", "--rope-freq-base");
    private readonly Option<int?> _trained = Flag.Maybe<int?>(
        "Dynamic and YaRN: the context the model was trained with (default: the config's).", "n", "--yarn-orig-ctx");
    private readonly Option<double> _sharpness =
        Flag.Of("YaRN: factor of its attention factor 0.1 ln(scale) + 1.", "x", 1d, "--yarn-attn-factor");
    private readonly Option<double> _fast =
        Flag.Of("YaRN: waves with more turns within the trained context are left alone.", "x", 32d, "--yarn-beta-fast");
    private readonly Option<double> _slow =
        Flag.Of("YaRN: waves with fewer turns are stretched in full.", "x", 1d, "--yarn-beta-slow");

    public IEnumerable<Option> All => [_window, _sinks, _scaling, _scale, _base, _trained, _sharpness, _fast, _slow];

    public GenerationRequest Apply(ParseResult result, LanguageModel model, GenerationRequest request)
    {
        int? window = result.GetValue(_window);
        result.Require(window is not null, "--window", _sinks);
        return request with
        {
            Window = window is { } size ? new AttentionWindow(size, result.GetValue(_sinks)) : null,
            Rope = Rope(result, model),
        };
    }

    private RopeChange? Rope(ParseResult result, LanguageModel model)
    {
        double? scale = result.GetValue(_scale);
        string? kind = result.GetValue(_scaling)?.ToLowerInvariant() ?? (scale is null ? null : "linear");
        result.Require(kind is "dynamic" or "yarn", "--rope-scaling dynamic or yarn", _trained);
        result.Require(kind is "yarn", "--rope-scaling yarn", _sharpness, _fast, _slow);
        result.Require(kind is not "none", "a kind of --rope-scaling that scales", _scale);
        if (kind is null)
            return result.GetValue(_base) is { } theta ? new RopeChange(model.Model.RopeScaling, theta) : null;
        int trained = result.GetValue(_trained) ?? model.Model.TrainedContext;
        RopeScaling? scaling = kind switch
        {
            "none" => null,
            "linear" => new RopeScaling.Linear(Factor(scale)),
            "ntk" => new RopeScaling.Ntk(Factor(scale)),
            "dynamic" => new RopeScaling.DynamicNtk(Factor(scale), trained),
            "yarn" => new RopeScaling.Yarn(Factor(scale), trained, result.GetValue(_fast), result.GetValue(_slow),
                result.GetValue(_sharpness) * RopeScaling.Yarn.DefaultAttentionFactor(Factor(scale))),
            _ => throw new UsageException($"--rope-scaling is {kind}; none, linear, ntk, dynamic or yarn is needed."),
        };
        return new RopeChange(scaling, result.GetValue(_base));
    }

    private double Factor(double? scale) =>
        scale ?? throw new UsageException($"--rope-scaling needs a factor: give {_scale.Name}, e.g. {_scale.Name} 4.");
}
