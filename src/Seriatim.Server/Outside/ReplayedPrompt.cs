using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>A prompt that is to be run again.</summary>
/// <param name="Request">The request.</param>
/// <param name="Seed">The seed that was used.</param>
/// <param name="OutputHashes">The hashes of what came.</param>
internal sealed record ReplayedPrompt(GenerationRequest Request, ulong Seed, IReadOnlyList<string> OutputHashes);
