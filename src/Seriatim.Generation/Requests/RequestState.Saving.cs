using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim.Generation;

/// <content>The forms in which it is saved.</content>
public sealed partial class RequestState
{
    /// <summary>
    /// <see cref="Tokenizers.Tokenizer.Fingerprint"/> of the tokenizer that the request
    /// has, or had where it was saved; null: none.
    /// </summary>
    public string? TokenizerHash => Request.Tokenizer?.Fingerprint ?? _tokenizerHash;

    private string? _tokenizerHash;

    /// <summary>The binary form: small, with a checksum. <see cref="FromBytes"/> reads it, in this or a later version.</summary>
    public byte[] ToBytes() => StateBytes.Pack(WriteJson());

    /// <summary>The JSON form: the same content to read with one's own eyes. <see cref="FromJson"/> reads it.</summary>
    public string ToJson() => Encoding.UTF8.GetString(WriteJson());

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <param name="bytes">All of it.</param>
    /// <param name="sources">The tokenizer, and strategies and processors of your own; null: the request had none.</param>
    /// <exception cref="InvalidStateException">
    /// It is no state, cut off, changed, or names something that is not there.
    /// </exception>
    public static RequestState FromBytes(ReadOnlySpan<byte> bytes, RequestStateSources? sources = null) =>
        Read(StateBytes.Unpack(bytes), sources);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">All of it.</param>
    /// <param name="sources">The tokenizer, and strategies and processors of your own; null: the request had none.</param>
    /// <exception cref="InvalidStateException">
    /// It is no state, cut off, changed, or names something that is not there.
    /// </exception>
    public static RequestState FromJson(string json, RequestStateSources? sources = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        return Read(Encoding.UTF8.GetBytes(json), sources);
    }

    private byte[] WriteJson()
    {
        StateDocument document = ToDocument();
        return JsonSerializer.SerializeToUtf8Bytes(document with { Checksum = ChecksumOf(document) },
            StateJson.Default.StateDocument);
    }

    private StateDocument ToDocument() => new()
    {
        Format = StateDocument.FormatName,
        Version = StateDocument.NewestVersion,
        Checksum = "",
        Model = Model,
        Tokenizer = TokenizerHash,
        KeyValues = KeyValues,
        Strategy = StrategyName,
        Processors = [.. Request.Sampling.Processors.Select(processor => processor.Name)],
        Request = Request,
        HasBegun = HasBegun,
        Steps = Steps,
        Numbers = [.. Numbers],
        NextIndex = _nextIndex,
        Live = [.. LiveList.Select(DocumentOf)],
        Finished = [.. FinishedList.Select(DocumentOf)],
        PromptLogprobs = PromptScores,
        Queued = Queued,
        FirstToken = FirstToken,
        Elapsed = Elapsed,
        Sampling = Sampling,
        CachedTokens = CachedTokens,
        ForwardRows = ForwardRows,
        DraftTokens = DraftTokens,
        AcceptedTokens = AcceptedTokens,
        Preemptions = Preemptions,
    };

    private static SequenceDocument DocumentOf(SequenceState sequence) => new()
    {
        Index = sequence.Index,
        Tokens = sequence.List,
        Score = sequence.Score,
        Group = sequence.Group,
        LogprobSum = sequence.LogprobSum,
        Logprobs = sequence.Scores,
        Finish = sequence.Finish,
        Text = sequence.FinishedText,
        Sampler = sequence.Sampler?.Save() ?? sequence.SavedSampler,
    };

    private static string ChecksumOf(StateDocument document) => Convert.ToHexStringLower(
        SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(document with { Checksum = "" }, StateJson.Default.StateDocument)));

    private static RequestState Read(ReadOnlySpan<byte> json, RequestStateSources? sources)
    {
        try
        {
            return Of(Parse(json), sources ?? new RequestStateSources());
        }
        catch (Exception exception) when (exception is ArgumentException or NullReferenceException or OverflowException)
        {
            // Whoever makes the checksum fit can still leave out what every state has: an element of a list that is null, say.
            throw new InvalidStateException("content", $"not that of a state ({exception.Message})",
                "what an engine writes", exception);
        }
    }

    private static RequestState Of(StateDocument document, RequestStateSources sources)
    {
        var state = new RequestState(Complete(document, sources), document.Strategy)
        {
            Model = document.Model,
            KeyValues = document.KeyValues,
            _tokenizerHash = document.Tokenizer,
            HasBegun = document.HasBegun,
            Steps = document.Steps,
            _nextIndex = document.NextIndex,
            PromptScores = document.PromptLogprobs is null ? null : [.. document.PromptLogprobs],
            Queued = document.Queued,
            FirstToken = document.FirstToken,
            Elapsed = document.Elapsed,
            Sampling = document.Sampling,
            CachedTokens = document.CachedTokens,
            ForwardRows = document.ForwardRows,
            DraftTokens = document.DraftTokens,
            AcceptedTokens = document.AcceptedTokens,
            Preemptions = document.Preemptions,
        };
        foreach (int number in document.Numbers)
            state.Numbers.Add(number);
        int prompt = document.Request.Prompt.Length;
        state.LiveList.AddRange(document.Live.Select(sequence => SequenceOf(sequence, prompt)));
        state.FinishedList.AddRange(document.Finished.Select(sequence => SequenceOf(sequence, prompt)));
        StateChecks.Check(state);
        return state;
    }

    private static StateDocument Parse(ReadOnlySpan<byte> json)
    {
        StateDocument? document;
        try
        {
            document = JsonSerializer.Deserialize(json, StateJson.Default.StateDocument);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            throw new InvalidStateException(
                "JSON form", $"not readable ({exception.Message})", $"version {StateDocument.NewestVersion}, whole", exception);
        }

        if (document?.Format != StateDocument.FormatName)
            throw new InvalidStateException("format", document?.Format ?? "null", StateDocument.FormatName);
        if (document.Version != StateDocument.NewestVersion)
            throw InvalidStateException.OfVersion(document.Version);
        string checksum = ChecksumOf(document);
        return document.Checksum == checksum
            ? document
            : throw new InvalidStateException("checksum", document.Checksum, $"{checksum}, that of its content");
    }

    /// <summary>The request with what was named instead of written.</summary>
    private static GenerationRequest Complete(StateDocument document, RequestStateSources sources)
    {
        if (document.Tokenizer is { } hash && sources.Tokenizer?.Fingerprint != hash)
        {
            throw new InvalidStateException("tokenizer", hash,
                $"that of RequestStateSources.Tokenizer, {sources.Tokenizer?.Fingerprint ?? "which is not given"}");
        }

        Strategy? own = null;
        if (Strategy.Own(document.Strategy) is null)
        {
            own = sources.Strategies.FirstOrDefault(strategy => strategy.Name == document.Strategy)
                ?? throw Missing("strategy", document.Strategy, "Strategies",
                    sources.Strategies.Select(strategy => strategy.Name));
        }

        return document.Request with
        {
            Tokenizer = document.Tokenizer is null ? null : sources.Tokenizer,
            Strategy = own,
            Sampling = document.Request.Sampling with
            {
                Processors = ProcessorsOf(document.Processors, sources.Processors),
            },
        };
    }

    /// <summary>The second of a name is the second that is given under it.</summary>
    private static List<LogitsProcessor> ProcessorsOf(IReadOnlyList<string> names, IReadOnlyList<LogitsProcessor> given)
    {
        var found = new List<LogitsProcessor>();
        foreach (string name in names)
        {
            int earlier = found.Count(processor => processor.Name == name);
            found.Add(given.Where(processor => processor.Name == name).ElementAtOrDefault(earlier)
                ?? throw Missing("processor", name, "Processors", given.Select(processor => processor.Name)));
        }

        return found;
    }

    private static InvalidStateException Missing(string what, string name, string member, IEnumerable<string> given) =>
        new(what, name, $"one of RequestStateSources.{member} ({string.Join(", ", given)})");

    private static SequenceState SequenceOf(SequenceDocument document, int prompt) =>
        new(document.Index, [.. document.Tokens], prompt)
        {
            Score = document.Score,
            Group = document.Group,
            LogprobSum = document.LogprobSum,
            Scores = document.Logprobs is null ? null : [.. document.Logprobs],
            Finish = document.Finish,
            FinishedText = document.Text,
            SavedSampler = document.Sampler ?? new Dictionary<string, byte[]>(),
        };
}
