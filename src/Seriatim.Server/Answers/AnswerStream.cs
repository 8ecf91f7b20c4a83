using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>One of a job's answers while it streams: tokens go in, pieces that are certain come out.</summary>
/// <param name="index">Which answer.</param>
/// <param name="reader">Takes it apart.</param>
internal sealed class AnswerStream(int index, IAnswerReader reader)
{
    private readonly List<AnswerPart> _parts = [];
    private List<TokenLogprobs>? _logprobs;
    private List<int> _ids = [];

    /// <summary>Takes a token.</summary>
    public void Push(in GenerationUpdate update, ICollection<AnswerDelta> deltas)
    {
        if (update.Logprobs is { } logprobs)
            (_logprobs ??= []).Add(logprobs);
        if (update.TokenId is { } id)
            _ids.Add(id);
        _parts.Clear();
        reader.Push(update.Text, _parts);
        if (update.Finish is { } end)
            reader.Flush(end, _parts);
        foreach (AnswerPart part in _parts)
            deltas.Add(part.Kind == AnswerPartKind.CallEnd ? new AnswerDelta(index, part) : Delta(part));
        if (update.Finish is { } finish)
        {
            deltas.Add(Delta(new AnswerPart(AnswerPartKind.End, "")) with { Finish = finish, HasCalls = reader.HasCalls });
        }
    }

    /// <summary>A piece with what is known of the tokens since the one before.</summary>
    private AnswerDelta Delta(AnswerPart part)
    {
        var delta = new AnswerDelta(index, part) { Logprobs = _logprobs, TokenIds = _ids };
        (_logprobs, _ids) = (null, []);
        return delta;
    }
}
