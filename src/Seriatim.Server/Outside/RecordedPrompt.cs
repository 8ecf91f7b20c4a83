using System.Security.Cryptography;
using System.Runtime.InteropServices;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>One prompt of a request that is remembered: what makes its answer, and the hash of the answer.</summary>
internal sealed class RecordedPrompt
{
    /// <summary>The request without its prompt, in the words of saved states; numbers to the last bit.</summary>
    public required JsonElement Options { get; init; }

    /// <summary>Tokens of prompt and encoder's input.</summary>
    public required int Tokens { get; init; }

    /// <summary>SHA-256 of the ids, each as four bytes, the lowest first.</summary>
    public required string PromptHash { get; init; }

    /// <summary>The request with its prompt; null: prompts are not remembered.</summary>
    public GenerationRequest? Request { get; set; }

    public ulong? Seed { get; set; }

    /// <summary>SHA-256 of each answer's ids; empty as long as it runs.</summary>
    public IReadOnlyList<string> OutputHashes { get; set; } = [];

    /// <summary>What the engine gave, counts and times; null: it runs, or failed.</summary>
    public GenerationUsage? Usage { get; set; }

    public GenerationTimings? Timings { get; set; }

    /// <summary>Why each answer ended.</summary>
    public IReadOnlyList<FinishReason> Finishes { get; set; } = [];

    public static RecordedPrompt Of(GenerationRequest request, bool keepsPrompt) => new()
    {
        Options = OptionsOf(request),
        Tokens = request.Prompt.Length + request.EncoderInput.Length,
        PromptHash = HashOf([.. request.EncoderInput.Span, .. request.Prompt.Span]),
        Request = keepsPrompt ? request with { Tokenizer = null } : null,
    };

    /// <summary>The request without its prompt.</summary>
    public static JsonElement OptionsOf(GenerationRequest request) => JsonSerializer.SerializeToElement(
        request with { Prompt = default, EncoderInput = default }, StateJson.Default.GenerationRequest);

    public static string HashOf(ReadOnlySpan<int> ids)
    {
        Span<int> bytes = BitConverter.IsLittleEndian ? [] : new int[ids.Length];
        if (!BitConverter.IsLittleEndian)
            System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(ids, bytes);
        return Convert.ToHexStringLower(
            SHA256.HashData(MemoryMarshal.AsBytes(BitConverter.IsLittleEndian ? ids : bytes)));
    }
}
