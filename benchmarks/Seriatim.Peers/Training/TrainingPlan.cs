using Seriatim.Training.Benchmarks;

namespace Seriatim.Peers;

/// <summary>Steps of training: forward, backward, clipping, AdamW; the models and batches of the training benchmarks.</summary>
internal static class TrainingPlan
{
    public static IEnumerable<PeerWork> Works(PeerOptions options) => StepCase.All.Select(step => new PeerWork(
        [WorkPart.Milliseconds($"training step, {step.Name}")],
        [
            new PeerEntry("Seriatim", () => new SeriatimTrainer(step, options.Threads)),
            new PeerEntry("TorchSharp", () => OpenTorchSharp(step, options.Threads)),
            new PeerEntry("PyTorch",
                () => new ScriptPeer(MissingProgramException.Require(options.Python, "--python"), "pytorch_peer.py", new
                {
                    threads = options.Threads,
                    layers = step.Layers,
                    heads = step.Heads,
                    width = step.Width,
                    vocabulary = step.Vocabulary,
                    context = step.Context,
                    sequences = step.Sequences,
                    length = step.Length,
                })),
        ]));

#if TORCH
    private static TorchSharpTrainer OpenTorchSharp(StepCase step, int threads) => new(step, threads);
#else
    private static IContender OpenTorchSharp(StepCase step, int threads) => throw new MissingProgramException(
        "not built in, as its library is large: build with -p:Torch=true");
#endif
}
