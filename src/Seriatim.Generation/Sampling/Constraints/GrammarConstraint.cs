using System.Text.Json.Serialization;

namespace Seriatim.Generation;

public sealed partial record SamplingOptions
{
    /// <summary>
    /// What the answer must look like, token by token: those that could not lead to a text of the grammar are dropped, and end
    /// ids unless the text may end. It needs <see cref="GenerationRequest.Tokenizer"/>, and is the last of all constraints. An
    /// answer that reaches <see cref="GenerationRequest.MaxNewTokens"/> is cut, and then ends anywhere. Null: any answer.
    /// </summary>
    [JsonConverter(typeof(GrammarConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Grammar? Grammar { get; init; }
}

/// <summary>Drops tokens that cannot follow by a grammar.</summary>
internal sealed class GrammarConstraint : LogitsProcessor
{
    private readonly CompiledGrammar _grammar;
    private readonly int[] _ends;
    private readonly int[] _stops;
    private readonly int _forcedStep;
    private readonly float[] _kept;
    private GrammarState? _state;

    private GrammarConstraint(CompiledGrammar grammar, SamplerTerms terms)
    {
        GenerationRequest request = terms.Request;
        _grammar = grammar;
        _ends = request.IgnoreEndIds ? [] : [.. terms.EndIds];
        _stops = [.. request.StopIds.Except(_ends)];
        _kept = new float[_ends.Length + _stops.Length];
        _forcedStep = request.ForcedEndId is null ? -1 : terms.MaxNewTokens - 1;
        _state = DropsBlank(request, grammar.Vocabulary.BlankWord) ? grammar.Opening : grammar.Start;
    }

    private GrammarConstraint(GrammarConstraint other)
    {
        (_grammar, _ends, _stops, _forcedStep) = (other._grammar, other._ends, other._stops, other._forcedStep);
        (_kept, _state) = (new float[other._kept.Length], other._state);
    }

    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "grammar",
        Stage = SamplerStage.Score,
        Does = "drops what cannot follow by the grammar",
        Options = [SamplerOption.Maybe("Grammar", options => options.Grammar)],
        Create = terms => [new GrammarConstraint(
            CompiledGrammar.Of(terms.Options.Grammar!, terms.Request.Tokenizer!, terms.Vocabulary), terms)],
    };

    /// <summary>Whether nothing but the end may follow.</summary>
    public bool IsComplete => _state is { IsComplete: true, CanEnd: true };

    /// <summary>Whether an end id tells that the text is complete; else it ends by itself.</summary>
    public bool HasEnds => _ends.Length > 0;

    public override void Apply(LogitsRow row)
    {
        // The last possible token is prescribed: the text is cut there, as it is without one.
        if (row.Step == _forcedStep)
            return;
        if (_state is not { } state)
        {
            row.Logits.Fill(float.NegativeInfinity);
            row.TakeBack();
            return;
        }

        for (int i = 0; i < _kept.Length; i++)
            _kept[i] = row.Values[EndOf(i)];
        TokenSet tokens = _grammar.TokensOf(state);
        tokens.Keep(row);
        for (int i = 0; i < _kept.Length; i++)
        {
            // What only stops may be a part of the text as well; what ends it may not.
            if (state.CanEnd)
                row.Values[EndOf(i)] = _kept[i];
            else if (i < _ends.Length)
                row.Values[EndOf(i)] = float.NegativeInfinity;
        }

        row.Touch();
    }

    public override void Accept(int token)
    {
        if (_state is not { } state)
            return;
        _state = _grammar.Accept(state, token);
        if (_state is { } next)
            _grammar.Prepare(next);
    }

    public override LogitsProcessor Copy() => new GrammarConstraint(this);

    /// <summary>Drafts the tokens that are certain, as far as they are.</summary>
    public void Force(Draft draft, int most)
    {
        for (GrammarState? state = _state; draft.Count < most && state is not null && _grammar.ForcedOf(state) is { } token;)
        {
            draft.Add(token, draft.Count - 1);
            draft.IsForced = true;
            state = _grammar.Accept(state, token);
        }
    }

    /// <summary>Takes out of a draft what cannot follow.</summary>
    public void Filter(Draft draft)
    {
        var states = new GrammarState?[draft.Count];
        Span<bool> holds = draft.Count <= 256 ? stackalloc bool[draft.Count] : new bool[draft.Count];
        for (int i = 0; i < states.Length; i++)
        {
            GrammarState? before = draft.Parents[i] < 0 ? _state : states[draft.Parents[i]];
            states[i] = before is null ? null : _grammar.Accept(before, draft.Tokens[i]);
            holds[i] = states[i] is not null;
        }

        draft.Keep(holds);
    }

    /// <summary>Whether the text of a first token lacks the blank that its bytes begin with.</summary>
    private static bool DropsBlank(GenerationRequest request, int word)
    {
        if (word < 0)
            return false;
        var stream = new TextStream(request.Tokenizer!, request.EncoderInput.IsEmpty ? request.Prompt.Span : default, [], []);
        string text = stream.Append(word, mayStop: false, out _) + stream.Flush(mayStop: false, out _);
        return text.Length > 0 && text[0] != ' ';
    }

    private int EndOf(int index) => index < _ends.Length ? _ends[index] : _stops[index - _ends.Length];
}
