using System.CommandLine;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>Temperature and truncation. Names and defaults are those of llama.cpp; what it lacks has its Hugging Face name.</summary>
internal sealed class SamplerFlags
{
    private readonly Option<float> _temperature = Flag.Of("Temperature; 0: always the most probable token.", "t", 0.8f, "--temp", "--temperature");
    private readonly Option<float> _dynamicRange = Flag.Of("Temperature by entropy: the range around --temp; 0: off.", "x", 0f, "--dynatemp-range");
    private readonly Option<float> _dynamicExponent = Flag.Of("Exponent of --dynatemp-range.", "x", 1f, "--dynatemp-exp");
    private readonly Option<int> _topK = Flag.Of("Only the k most probable tokens; 0: off.", "k", 40, "--top-k");
    private readonly Option<float> _topP = Flag.Of("Only the most probable tokens that together reach p; 1: off.", "p", 0.95f, "--top-p");
    private readonly Option<float> _minP = Flag.Of("Only tokens with at least this part of the highest probability; 0: off.", "p", 0.05f, "--min-p");
    private readonly Option<float> _typical = Flag.Of("Locally typical sampling; 1: off.", "p", 1f, "--typical", "--typical-p");
    private readonly Option<float> _epsilon = Flag.Of("Only tokens with at least this probability; 0: off.", "p", 0f, "--epsilon-cutoff");
    private readonly Option<float> _eta = Flag.Of("Eta sampling; 0: off.", "p", 0f, "--eta-cutoff");
    private readonly Option<float> _sigma = Flag.Of("Only tokens whose logit is at most n standard deviations below the highest; 0: off.", "n", 0f, "--top-nsigma", "--top-n-sigma");
    private readonly Option<float> _xtcProbability = Flag.Of("Exclude top choices: how often; 0: off.", "p", 0f, "--xtc-probability");
    private readonly Option<float> _xtcThreshold = Flag.Of("Exclude top choices: above which probability.", "p", 0.1f, "--xtc-threshold");
    private readonly Option<int> _mirostat = Flag.Of("2: Mirostat 2, instead of all truncation; 0: off.", "n", 0, "--mirostat");
    private readonly Option<float> _mirostatRate = Flag.Of("Mirostat: learning rate.", "x", 0.1f, "--mirostat-lr");
    private readonly Option<float> _mirostatTarget = Flag.Of("Mirostat: target surprise in bits.", "x", 5f, "--mirostat-ent");
    private readonly Option<SamplerOrder> _order = Flag.Of("Whether temperature comes last or first.", "LlamaCpp|HuggingFace", SamplerOrder.LlamaCpp, "--sampler-order");

    public IEnumerable<Option> All =>
    [
        _temperature, _dynamicRange, _dynamicExponent, _topK, _topP, _minP, _typical, _epsilon, _eta, _sigma, _xtcProbability, _xtcThreshold,
        _mirostat, _mirostatRate, _mirostatTarget, _order,
    ];

    /// <param name="result">The command line.</param>
    /// <param name="beams">With beams there is no sampling: what was not given is off, and what was given is refused by the engine.</param>
    public SamplingOptions Read(ParseResult result, bool beams)
    {
        int mirostat = result.GetValue(_mirostat);
        if (mirostat is not (0 or 2))
            throw new UserErrorException($"--mirostat is {mirostat}; there are 0 (off) and 2.");
        float xtc = result.GetValue(_xtcProbability), range = result.GetValue(_dynamicRange);
        result.Require(xtc != 0, "--xtc-probability", _xtcThreshold);
        result.Require(range != 0, "--dynatemp-range", _dynamicExponent);
        result.Require(mirostat != 0, "--mirostat 2", _mirostatRate, _mirostatTarget);

        // Mirostat and beams replace the defaults of the truncations, as they do in llama.cpp and transformers.
        bool bare = beams || mirostat != 0;
        return new SamplingOptions
        {
            Temperature = beams && !result.IsGiven(_temperature) ? 1 : result.GetValue(_temperature),
            DynamicTemperature = range == 0 ? null : new DynamicTemperature(range, result.GetValue(_dynamicExponent)),
            TopK = Value(result, _topK, 0, bare),
            TopP = Value(result, _topP, 1, bare),
            MinP = Value(result, _minP, 0, bare),
            TypicalP = result.GetValue(_typical),
            EpsilonCutoff = result.GetValue(_epsilon),
            EtaCutoff = result.GetValue(_eta),
            TopNSigma = result.GetValue(_sigma),
            Xtc = xtc == 0 ? null : new XtcOptions(xtc, result.GetValue(_xtcThreshold)),
            Mirostat = mirostat == 0 ? null : new MirostatOptions(result.GetValue(_mirostatTarget), result.GetValue(_mirostatRate)),
            Order = result.GetValue(_order),
        };
    }

    private static T Value<T>(ParseResult result, Option<T> option, T off, bool bare) => bare && !result.IsGiven(option) ? off : result.GetValue(option)!;
}
