namespace Seriatim.Generation;

/// <summary>A beam continued by a token. Sorts best first; ties: earlier beam, smaller id.</summary>
internal readonly record struct BeamCandidate(double Score, int Beam, int Token) : IComparable<BeamCandidate>
{
    public int CompareTo(BeamCandidate other)
    {
        int order = other.Score.CompareTo(Score);
        if (order == 0)
            order = Beam.CompareTo(other.Beam);
        return order != 0 ? order : Token.CompareTo(other.Token);
    }
}
