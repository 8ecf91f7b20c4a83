using System.Diagnostics.CodeAnalysis;

namespace Seriatim.Tokenizers;

/// <summary>
/// Turns text into token ids and back. Immutable; one instance serves any number of threads.
/// </summary>
/// <remarks>
/// Ids are plain <see cref="int"/> everywhere in this library: models take them as rows of I32. Text is UTF-16; a surrogate
/// without its partner is encoded as U+FFFD. Offsets count UTF-16 chars of the original text.
/// </remarks>
public sealed partial class Tokenizer
{
    private readonly TokenizerPipeline _pipeline;
    private readonly AddedVocabulary _added;
    private readonly string?[] _pieces;
    private readonly bool[] _special;

    internal Tokenizer(TokenizerPipeline pipeline)
    {
        _pipeline = pipeline;
        _added = new AddedVocabulary(pipeline.AddedTokens, pipeline.Normalizer);
        int size = pipeline.Model.Vocabulary.Size;
        foreach (AddedToken token in _added.Tokens)
        {
            size = Math.Max(size, token.Id + 1);
        }

        _pieces = new string?[size];
        _special = new bool[size];
        for (int id = 0; id < size; id++)
        {
            if (_added.TryGet(id, out AddedToken token))
            {
                _pieces[id] = token.Content;
                _special[id] = token.Special;
            }
            else if (pipeline.Model.Vocabulary.TryGetPiece(id, out string? piece))
            {
                _pieces[id] = piece;
            }
        }

        ChatTemplate = pipeline.ChatTemplate is { } source ? new ChatTemplate(source) : null;
    }

    /// <summary>One more than the largest id.</summary>
    public int VocabularySize => _pieces.Length;

    /// <summary>The ids of tokens with a role.</summary>
    public SpecialTokens SpecialTokens => _pipeline.SpecialTokens;

    /// <summary>Id of the beginning of sequence, if there is one.</summary>
    public int? BosId => SpecialTokens.Bos;

    /// <summary>Id of the end of sequence, if there is one.</summary>
    public int? EosId => SpecialTokens.Eos;

    /// <summary>Id of padding, if there is one.</summary>
    public int? PadId => SpecialTokens.Pad;

    /// <summary>Id of unknown text, if there is one.</summary>
    public int? UnkId => SpecialTokens.Unk ?? _pipeline.Model.UnkId;

    /// <summary>The added tokens.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => _added.Tokens;

    /// <summary>The chat template, or null when the tokenizer came without one.</summary>
    public ChatTemplate? ChatTemplate { get; }

    internal TokenizerPipeline Pipeline => _pipeline;

    /// <summary>The id of a piece as the vocabulary spells it, or null.</summary>
    public int? IdOf(string piece) =>
        _added.TryGetId(piece, out int id) || _pipeline.Model.Vocabulary.TryGetId(piece, out id) ? id : null;

    /// <summary>The piece of an id as the vocabulary spells it (for example <c>Ġtime</c> or <c>▁time</c>).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public string PieceOf(int id) => (uint)id < (uint)_pieces.Length && _pieces[id] is { } piece ? piece : throw NoSuchId(id);

    /// <summary>Whether an id is a special token.</summary>
    public bool IsSpecial(int id) => (uint)id < (uint)_special.Length && _special[id];

    /// <summary>Encodes a text.</summary>
    public int[] Encode(ReadOnlySpan<char> text, bool addSpecialTokens = true) =>
        Encode(text, addSpecialTokens ? EncodeOptions.Default : EncodeOptions.Default with { AddSpecialTokens = false });

    /// <summary>Encodes a text.</summary>
    public int[] Encode(ReadOnlySpan<char> text, EncodeOptions options) => Encode(text, options, isPlain: null);

    /// <summary>As the public method; at some places of the text there is no special token.</summary>
    private int[] Encode(ReadOnlySpan<char> text, EncodeOptions options, PlainPlaces? isPlain)
    {
        EncodeScratch scratch = EncodeScratch.Rent();
        scratch.Tokens.Reset(tracks: false);
        IReadOnlyList<TemplatePart> layout = _pipeline.PostProcessor.Single;
        int[] ids;
        if (!options.AddSpecialTokens)
        {
            Run(scratch, text, options, isPlain);
            ids = scratch.Tokens.Ids.ToArray();
        }
        else
        {
            foreach (TemplatePart part in layout)
            {
                if (part.Sequence < 0)
                {
                    AddAll(scratch.Tokens, part.Ids);
                }
                else if (part.Sequence == 0)
                {
                    Run(scratch, text, options, isPlain);
                }
            }

            ids = scratch.Tokens.Ids.ToArray();
        }

        EncodeScratch.Return(scratch);
        return ids;
    }

    /// <summary>Number of tokens of a text.</summary>
    public int CountTokens(ReadOnlySpan<char> text, bool addSpecialTokens = true)
    {
        EncodeScratch scratch = EncodeScratch.Rent();
        scratch.Tokens.Reset(tracks: false);
        Run(scratch, text, EncodeOptions.Default);
        int count = scratch.Tokens.Count;
        EncodeScratch.Return(scratch);
        return addSpecialTokens ? count + _pipeline.PostProcessor.Single.Sum(part => part.Ids.Count) : count;
    }

    /// <summary>Encodes a text and says where every token comes from.</summary>
    public IReadOnlyList<EncodedToken> EncodeWithOffsets(ReadOnlySpan<char> text, EncodeOptions? options = null) =>
        LayOut(_pipeline.PostProcessor.Single, text, default, options ?? EncodeOptions.Default);

    /// <summary>Encodes two texts as one sequence, as BERT and RoBERTa take them; offsets count in each text by itself.</summary>
    public IReadOnlyList<EncodedToken> EncodePair(ReadOnlySpan<char> first, ReadOnlySpan<char> second,
        EncodeOptions? options = null) =>
        LayOut(_pipeline.PostProcessor.Pair, first, second, options ?? EncodeOptions.Default);

    /// <summary>Decodes ids.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var text = new TextStage();
        DecodeStage first = _pipeline.Decoder.CreateStage(text);
        foreach (int id in ids)
        {
            if (TryGetPieceToDecode(id, skipSpecialTokens, out string? piece))
            {
                first.Push(piece, true, true);
            }
        }

        first.Finish();
        return text.Take();
    }

    /// <summary>Makes a decoder that takes ids one by one.</summary>
    public TokenDecoder CreateDecoder(bool skipSpecialTokens = true) => new(this, _pipeline.Decoder, skipSpecialTokens);

    internal bool TryGetPieceToDecode(int id, bool skipSpecialTokens, [NotNullWhen(true)] out string? piece)
    {
        if ((uint)id >= (uint)_pieces.Length || _pieces[id] is not { } found)
        {
            throw NoSuchId(id);
        }

        piece = id == UnkId && _pipeline.UnkSurface is { } surface ? surface : found;
        return !(skipSpecialTokens && _special[id]);
    }

    private ArgumentOutOfRangeException NoSuchId(int id) => new(nameof(id), id,
        $"The vocabulary has no token with id {id}; its ids are 0..{_pieces.Length - 1}. Check that the tokenizer "
            + "belongs to the model.");

    private EncodedToken[] LayOut(IReadOnlyList<TemplatePart> layout, ReadOnlySpan<char> first, ReadOnlySpan<char> second,
        EncodeOptions options)
    {
        EncodeScratch scratch = EncodeScratch.Rent();
        var result = new List<EncodedToken>();
        foreach (TemplatePart part in layout)
        {
            if (part.Sequence < 0)
            {
                if (options.AddSpecialTokens)
                {
                    result.AddRange(part.Ids.Select(id => new EncodedToken(id, 0, 0, part.TypeId, -1)));
                }

                continue;
            }

            ReadOnlySpan<char> text = part.Sequence == 0 ? first : second;
            scratch.Tokens.Reset(tracks: true);
            Run(scratch, text, options);
            for (int i = 0; i < scratch.Tokens.Count; i++)
            {
                (int start, int end) = scratch.Tokens.SpanOf(i);
                if (_pipeline.PostProcessor.TrimOffsets)
                {
                    (start, end) = Trim(text, start, end);
                }

                result.Add(new EncodedToken(scratch.Tokens.Ids[i], start, end, part.TypeId, part.Sequence));
            }
        }

        EncodeScratch.Return(scratch);
        return result.ToArray();
    }

    private static (int Start, int End) Trim(ReadOnlySpan<char> text, int start, int end)
    {
        while (start < end && char.IsWhiteSpace(text[start]))
        {
            start++;
        }

        while (end > start && char.IsWhiteSpace(text[end - 1]))
        {
            end--;
        }

        return (start, end);
    }

    private static void AddAll(TokenBuffer tokens, IReadOnlyList<int> ids)
    {
        foreach (int id in ids)
        {
            tokens.Add(id);
        }
    }

    private void Run(EncodeScratch scratch, ReadOnlySpan<char> text, EncodeOptions options, PlainPlaces? isPlain = null)
    {
        int at = 0;
        while (at < text.Length)
        {
            bool found = _added.FindRaw(text, at, options.ParseSpecialTokens, isPlain, out AddedVocabulary.Match match);
            RunSegment(scratch, text[at..(found ? match.Start : text.Length)], at, options, isPlain);
            if (!found)
            {
                return;
            }

            scratch.Tokens.AddSpan(match.Id, match.Start, match.End);
            at = match.End;
        }
    }

    private void RunSegment(EncodeScratch scratch, ReadOnlySpan<char> segment, int origin, EncodeOptions options,
        PlainPlaces? isPlain)
    {
        if (segment.IsEmpty)
        {
            return;
        }

        AlignedText text = scratch.Text;

        // Where a normalized token begins in the original text is known only to a text that was followed.
        text.Load(segment, origin, scratch.Tokens.Tracks || (isPlain is not null && _added.HasNormalized));
        _pipeline.Normalizer?.Normalize(text);
        PlainPlaces? isPlainHere = Normalized(isPlain, text);
        if (_added.HasNormalized && _added.FindNormalized(text.Span, 0, options.ParseSpecialTokens, isPlainHere, out _))
        {
            RunAroundNormalized(scratch, options, isPlain);
            return;
        }

        RunNormalized(scratch);
    }

    private void RunAroundNormalized(EncodeScratch scratch, EncodeOptions options, PlainPlaces? isPlain)
    {
        var whole = new AlignedText();
        whole.LoadSlice(scratch.Text, 0, scratch.Text.Length);
        PlainPlaces? isPlainHere = Normalized(isPlain, whole);
        int at = 0;
        while (at < whole.Length)
        {
            bool found = _added.FindNormalized(whole.Span, at, options.ParseSpecialTokens, isPlainHere,
                out AddedVocabulary.Match match);
            scratch.Text.LoadSlice(whole, at, found ? match.Start : whole.Length);
            RunNormalized(scratch);
            if (!found)
            {
                return;
            }

            scratch.Tokens.Add(match.Id, whole, match.Start, match.End);
            at = match.End;
        }
    }

    /// <summary>Asked for places of the normalized text.</summary>
    private static PlainPlaces? Normalized(PlainPlaces? isPlain, AlignedText text) =>
        isPlain is null ? null : (start, end) => isPlain(text.OriginalStart(start), text.OriginalEnd(end));

    private void RunNormalized(EncodeScratch scratch)
    {
        scratch.Pieces.Clear();
        scratch.Pieces.Add(0, scratch.Text.Length);
        _pipeline.Pretokenizer?.Split(scratch);
        ReadOnlySpan<PieceList.Piece> pieces = scratch.Pieces.Span;
        ITokenModel model = _pipeline.Model;
        for (int i = 0; i < pieces.Length; i++)
        {
            model.Tokenize(scratch, pieces[i].Start, pieces[i].End);
        }
    }
}
