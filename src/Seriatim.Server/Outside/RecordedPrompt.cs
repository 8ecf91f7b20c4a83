using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>One prompt of a request that is remembered: what makes its answer, and the hash of the answer.</summary>
internal sealed class RecordedPrompt
{
    /// <summary>
    /// The request without its prompt as JSON, in the words of saved states, numbers to the last bit. One for all prompts of a
    /// request.
    /// </summary>
    public required byte[] Options { get; init; }

    /// <summary>Tokens of prompt and encoder's input.</summary>
    public required int Tokens { get; init; }

    /// <summary>SHA-256 of the ids, each as four bytes, the lowest first.</summary>
    public required string PromptHash { get; init; }

    /// <summary>The ids of the prompt; null: prompts are not remembered.</summary>
    public int[]? PromptIds { get; private init; }

    /// <summary>The ids that the encoder reads; null as well.</summary>
    public int[]? EncoderIds { get; private init; }

    public ulong? Seed { get; set; }

    /// <summary>SHA-256 of each answer's ids; empty as long as it runs.</summary>
    public IReadOnlyList<string> OutputHashes { get; set; } = [];

    /// <summary>What the engine gave, counts and times; null: it runs, or failed.</summary>
    public GenerationUsage? Usage { get; set; }

    public GenerationTimings? Timings { get; set; }

    /// <summary>Why each answer ended.</summary>
    public IReadOnlyList<FinishReason> Finishes { get; set; } = [];

    /// <summary>
    /// What is remembered of the prompts of a request. Their options are written once: however long they are, they are not
    /// multiplied by the prompts.
    /// </summary>
    public static IReadOnlyList<RecordedPrompt> Of(IEnumerable<GenerationRequest> requests, bool keepsPrompts)
    {
        var prompts = new List<RecordedPrompt>();
        (GenerationRequest? bare, byte[] options) = (null, []);
        foreach (GenerationRequest request in requests)
        {
            GenerationRequest own = request with { Prompt = default, EncoderInput = default };
            if (own != bare)
            {
                byte[] written = JsonSerializer.SerializeToUtf8Bytes(own, StateJson.Default.GenerationRequest);
                (bare, options) = (own, written.AsSpan().SequenceEqual(options) ? options : written);
            }

            prompts.Add(new RecordedPrompt
            {
                Options = options,
                Tokens = request.Prompt.Length + request.EncoderInput.Length,
                PromptHash = HashOf([.. request.EncoderInput.Span, .. request.Prompt.Span]),
                PromptIds = keepsPrompts ? request.Prompt.ToArray() : null,
                EncoderIds = keepsPrompts ? request.EncoderInput.ToArray() : null,
            });
        }

        return prompts;
    }

    /// <summary>The request with its prompt, to be run again; null: prompts are not remembered.</summary>
    public GenerationRequest? Request() => PromptIds is null ? null
        : JsonSerializer.Deserialize(Options, StateJson.Default.GenerationRequest)! with
        {
            Prompt = PromptIds,
            EncoderInput = EncoderIds,
        };

    /// <summary>Bytes that prompts hold: their options, and the ids where they are kept.</summary>
    public static long BytesOf(IReadOnlyList<RecordedPrompt> prompts)
    {
        long bytes = 0;
        byte[]? before = null;
        foreach (RecordedPrompt prompt in prompts)
        {
            bytes += prompt.PromptIds is null ? 0 : (long)sizeof(int) * prompt.Tokens;
            bytes += prompt.Options == before ? 0 : prompt.Options.Length;
            before = prompt.Options;
        }

        return bytes;
    }

    public static string HashOf(ReadOnlySpan<int> ids)
    {
        Span<int> bytes = BitConverter.IsLittleEndian ? [] : new int[ids.Length];
        if (!BitConverter.IsLittleEndian)
            System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(ids, bytes);
        return Convert.ToHexStringLower(
            SHA256.HashData(MemoryMarshal.AsBytes(BitConverter.IsLittleEndian ? ids : bytes)));
    }
}
