namespace Seriatim.Tokenizers;

/// <summary>What a training found.</summary>
/// <param name="Pieces">The pieces by id.</param>
/// <param name="Merges">The merges in order (BPE, WordPiece).</param>
/// <param name="Scores">The scores by id (Unigram).</param>
internal sealed record TrainedVocabulary(IReadOnlyList<string> Pieces, IReadOnlyList<(int Left, int Right)> Merges,
    IReadOnlyList<double> Scores);
