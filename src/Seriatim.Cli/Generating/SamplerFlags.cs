using System.CommandLine;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>
/// Temperature and truncation. Names and defaults are those of llama.cpp; what it lacks has its Hugging Face name.
/// </summary>
internal sealed class SamplerFlags
{
    private readonly Option<float?> _temperature = Flag.Maybe<float?>(
        "Temperature; 0: always the most probable token. Default: the model's.", "t", "--temp", "--temperature");
    private readonly Option<float> _dynamicRange =
        Flag.Of("Temperature by entropy: the range around --temp; 0: off.", "x", 0f, "--dynatemp-range");
    private readonly Option<float> _dynamicExponent = Flag.Of("Exponent of --dynatemp-range.", "x", 1f, "--dynatemp-exp");
    private readonly Option<int?> _topK =
        Flag.Maybe<int?>("Only the k most probable tokens; 0: off. Default: the model's.", "k", "--top-k");
    private readonly Option<float?> _topP =
        Flag.Maybe<float?>("Only the most probable tokens that together reach p; 1: off. Default: the model's.", "p", "--top-p");
    private readonly Option<float?> _minP = Flag.Maybe<float?>(
        "Only tokens with at least this part of the highest probability; 0: off. Default: the model's.", "p", "--min-p");
    private readonly Option<float?> _typical =
        Flag.Maybe<float?>("Locally typical sampling; 1: off. Default: the model's.", "p", "--typical", "--typical-p");
    private readonly Option<float?> _epsilon =
        Flag.Maybe<float?>("Only tokens with at least this probability; 0: off. Default: the model's.", "p", "--epsilon-cutoff");
    private readonly Option<float?> _eta = Flag.Maybe<float?>("Eta sampling; 0: off. Default: the model's.", "p", "--eta-cutoff");
    private readonly Option<float?> _sigma = Flag.Maybe<float?>(
        "Only tokens whose logit is at most n standard deviations below the highest; 0: off. Default: the model's.", "n",
        "--top-nsigma", "--top-n-sigma");
    private readonly Option<float> _xtcProbability =
        Flag.Of("Exclude top choices: how often; 0: off.", "p", 0f, "--xtc-probability");
    private readonly Option<float> _xtcThreshold =
        Flag.Of("Exclude top choices: above which probability.", "p", 0.1f, "--xtc-threshold");
    private readonly Option<int> _mirostat = Flag.Of("2: Mirostat 2, instead of all truncation; 0: off.", "n", 0, "--mirostat");
    private readonly Option<float> _mirostatRate = Flag.Of("Mirostat: learning rate.", "x", 0.1f, "--mirostat-lr");
    private readonly Option<float> _mirostatTarget = Flag.Of("Mirostat: target surprise in bits.", "x", 5f, "--mirostat-ent");
    private readonly Option<SamplerOrder?> _order = Flag.Maybe<SamplerOrder?>(
        "Whether temperature comes last or first. Default: the model's.", "LlamaCpp|HuggingFace", "--sampler-order");

    public IEnumerable<Option> All =>
    [
        _temperature, _dynamicRange, _dynamicExponent, _topK, _topP, _minP, _typical, _epsilon, _eta, _sigma, _xtcProbability,
        _xtcThreshold, _mirostat, _mirostatRate, _mirostatTarget, _order,
    ];

    /// <summary>How a model samples if no flag says otherwise.</summary>
    public static SamplingOptions DefaultsOf(LanguageModel model) => model.Defaults.Sampling;

    /// <param name="result">The command line.</param>
    /// <param name="model">What was not given is as the model has it.</param>
    /// <param name="beams">
    /// With beams there is no sampling: what was not given is off, and what was given is refused by the engine.
    /// </param>
    public SamplingOptions Read(ParseResult result, LanguageModel model, bool beams)
    {
        int mirostat = result.GetValue(_mirostat);
        if (mirostat is not (0 or 2))
            throw new UsageException($"--mirostat is {mirostat}; there are 0 (off) and 2.");
        float xtc = result.GetValue(_xtcProbability), range = result.GetValue(_dynamicRange);
        result.Require(xtc != 0, "--xtc-probability", _xtcThreshold);
        result.Require(range != 0, "--dynatemp-range", _dynamicExponent);
        result.Require(mirostat != 0, "--mirostat 2", _mirostatRate, _mirostatTarget);

        // Mirostat and beams replace the defaults of the truncations, as they do in llama.cpp and transformers.
        SamplingOptions usual = DefaultsOf(model), start = beams ? new() { Penalties = usual.Penalties }
            : mirostat != 0 ? new() { Temperature = usual.Temperature, Penalties = usual.Penalties } : usual;
        return start with
        {
            Temperature = result.GetValue(_temperature) ?? start.Temperature,
            DynamicTemperature = range == 0 ? null : new DynamicTemperature(range, result.GetValue(_dynamicExponent)),
            TopK = result.GetValue(_topK) ?? start.TopK,
            TopP = result.GetValue(_topP) ?? start.TopP,
            MinP = result.GetValue(_minP) ?? start.MinP,
            TypicalP = result.GetValue(_typical) ?? start.TypicalP,
            EpsilonCutoff = result.GetValue(_epsilon) ?? start.EpsilonCutoff,
            EtaCutoff = result.GetValue(_eta) ?? start.EtaCutoff,
            TopNSigma = result.GetValue(_sigma) ?? start.TopNSigma,
            Xtc = xtc == 0 ? null : new XtcOptions(xtc, result.GetValue(_xtcThreshold)),
            Mirostat = mirostat == 0
                ? null
                : new MirostatOptions(result.GetValue(_mirostatTarget), result.GetValue(_mirostatRate)),
            Order = result.GetValue(_order) ?? start.Order,
        };
    }
}
