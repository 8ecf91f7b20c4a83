namespace Seriatim.Tokenizers;

/// <summary>One step from token pieces back to text. The immutable description; the state of one run is a stage.</summary>
internal interface IDecoder
{
    /// <summary>Makes the state of one decoding run that hands its result to <paramref name="next"/>.</summary>
    DecodeStage CreateStage(DecodeStage next);

    /// <summary>The bytes of a piece, if this step makes bytes of it.</summary>
    byte[]? BytesOf(string piece) => null;

    /// <summary>What this step makes of a piece in the middle of a text.</summary>
    string TextOf(string piece) => piece;
}
