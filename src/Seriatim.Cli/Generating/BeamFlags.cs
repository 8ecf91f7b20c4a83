using System.CommandLine;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>Beam search instead of sampling. Names are those of Hugging Face.</summary>
internal sealed class BeamFlags
{
    private readonly Option<int> _beams =
        Flag.Of("Beam search with so many beams, instead of sampling; 1: off.", "n", 1, "--beams", "--num-beams");
    private readonly Option<double> _length =
        Flag.Of("Scores are divided by length^x: above 0 favours long texts.", "x", 1d, "--length-penalty");
    private readonly Option<bool> _early = Flag.Switch("Stop as soon as there are as many texts as beams.", "--early-stopping");
    private readonly Option<int> _groups =
        Flag.Of("Groups of beams that keep away from each other.", "n", 1, "--num-beam-groups");
    private readonly Option<double> _diversity =
        Flag.Of("How far groups keep away from each other.", "x", 0d, "--diversity-penalty");

    public IEnumerable<Option> All => [_beams, _length, _early, _groups, _diversity];

    public BeamOptions? Read(ParseResult result)
    {
        int beams = result.GetValue(_beams);
        if (beams < 1)
            throw new UsageException($"--beams is {beams}; it must be 1 (off) or more.");
        result.Require(beams > 1, "--beams", _length, _early, _groups, _diversity);
        return beams == 1 ? null : new BeamOptions
        {
            Beams = beams,
            LengthPenalty = result.GetValue(_length),
            EarlyStopping = result.GetValue(_early),
            Groups = result.GetValue(_groups),
            DiversityPenalty = result.GetValue(_diversity),
        };
    }
}
