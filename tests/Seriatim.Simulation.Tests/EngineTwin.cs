using System.Runtime.InteropServices;

namespace Seriatim.Simulation.Tests;

/// <summary>A trace through the engine itself, with a model that computes and a clock that goes on by what steps cost.</summary>
internal static class EngineTwin
{
    public const int Vocabulary = 5000;

    /// <summary>What became of a request.</summary>
    /// <param name="Cached">Tokens of its prompt that were there.</param>
    /// <param name="First">When its first token came, in ticks.</param>
    /// <param name="End">When its last came.</param>
    /// <param name="Preemptions">How often it gave its pages back.</param>
    public readonly record struct Fate(int Cached, long First, long End, int Preemptions);

    /// <summary>Serves a trace.</summary>
    public static Fate[] Serve(Trace trace, EngineOptions options, StepPrice price)
    {
        var clock = new FakeClock { Now = TimeSpan.Zero };
        using var fake = new FakeModel(vocabulary: Vocabulary);
        var model = new Timed(fake, clock);
        using var core = new EngineCore(model, options with { Clock = clock }, keepsStepTime: true);
        core.Planned = plan => model.Next = TimeSpan.FromTicks((long)Math.Round(price.Seconds(StepWork.Of(plan)) * 1e7));
        var coming = new PriorityQueue<int, (long, int)>();
        var running = new Dictionary<int, (GenerationHandle Handle, long Sent)>();
        var fates = new Fate[trace.Requests.Count];
        var texts = new Dictionary<int, List<int>>();
        int asked = 0;
        foreach (int first in trace.First)
            coming.Enqueue(first, (Ticks(trace.Requests[first].At), first));
        while (coming.Count > 0 || running.Count > 0)
        {
            while (coming.TryPeek(out int number, out (long Time, int) at) && at.Time <= clock.Now.Ticks)
            {
                coming.Dequeue();
                running[number] = (Ask(core, trace.Requests[number], ++asked, texts, at.Time), at.Time);
            }

            if (!core.Step() && coming.TryPeek(out _, out (long Time, int) next))
                clock.Now = TimeSpan.FromTicks(next.Time);
            foreach ((int number, (GenerationHandle handle, long sent)) in running.ToArray())
            {
                if (!handle.Outcome.IsCompleted)
                    continue;
                running.Remove(number);
                GenerationResult result = handle.Outcome.Result;
                texts[trace.Requests[number].Conversation].AddRange(result.Choices[0].TokenIds);
                fates[number] = new Fate(result.Usage.CachedTokens, sent + result.Timings.FirstToken!.Value.Ticks,
                    clock.Now.Ticks, result.Usage.Preemptions);
                if (trace.Requests[number].Next is >= 0 and var follower)
                    coming.Enqueue(follower, (clock.Now.Ticks + Ticks(trace.Requests[follower].Think), follower));
            }
        }

        return fates;
    }

    /// <summary>The prompt of a request after what its conversation has said so far; written down there.</summary>
    public static int[] PromptOf(TraceRequest request, Dictionary<int, List<int>> texts)
    {
        List<int> text = CollectionsMarshal.GetValueRefOrAddDefault(texts, request.Conversation, out _) ??= [];
        while (text.Count < request.Length)
            text.Add(Trace.TokenAt(request, text.Count) % Vocabulary);
        return [.. text];
    }

    private static long Ticks(double seconds) => (long)Math.Round(seconds * 1e7);

    private static GenerationHandle Ask(EngineCore core, TraceRequest request, int number, Dictionary<int, List<int>> texts,
        long sent)
    {
        int[] prompt = PromptOf(request, texts);
        var asked = new GenerationRequest { Prompt = prompt, MaxNewTokens = request.Output, Seed = (ulong)number };
        var handle = new GenerationHandle(number, (ulong)number, () => { }, default);
        core.Add(asked, core.Check(asked), handle, sent);
        return handle;
    }

    /// <summary>Passes take the time that was planned.</summary>
    private sealed class Timed(FakeModel inner, FakeClock clock) : DelegatingModel(inner)
    {
        public TimeSpan Next { get; set; }

        public override Tensor Forward(RaggedBatch batch, Tensor? encoded)
        {
            clock.Now += Next;
            return base.Forward(batch, encoded);
        }
    }
}
