namespace Seriatim.Generation.Tests;

/// <summary>
/// Faults at random in passes, heads, ops of the device, drafts and processors: the request that caused it fails, every other one
/// ends as it does alone, and the engine goes on.
/// </summary>
public sealed class FaultTests
{
    private const int RunsOfAll = 1000;
    private const int Poison = 48;
    private const int Vocabulary = 50;

    private static readonly TokenConstraints NoPoison = new() { Suppressed = [48, 49] };

    private enum Fault
    {
        PassOnce,
        PassOfOne,
        HeadOnce,
        OpOnce,
        OpsOfOne,
        DraftOnce,
        DraftAlways,
        ProcessorApplies,
        ProcessorAccepts,
    }

    [Fact]
    public async Task One_requests_failure_is_its_own()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model target = HybridEngineTests.Make(hybrid: true, seed: 7),
            small = HybridEngineTests.Make(hybrid: false, seed: 8);
        var model = new LoadedModel(target, ops);
        GenerationRequest[] requests = [.. Mixture.Requests(60, 5, Vocabulary - 2, drafts: true, longest: 12)
            .Select(request => request with
            {
                MaxNewTokens = Math.Min(8, request.MaxNewTokens!.Value),
                MinNewTokens = 0,
                Sampling = request.Sampling with { Constraints = NoPoison },
            })];
        GenerationResult[] expected = [.. requests.Select(request => Runs.Alone(model, request with { Speculation = null }))];
        var random = new Random(11);
        int[] failures = new int[Enum.GetValues<Fault>().Length];
        for (int run = 0; run < RunsOfAll; run++)
        {
            var fault = (Fault)(run % failures.Length);
            int first = random.Next(requests.Length - 6);
            failures[(int)fault] += await RunAsync(target, small, ops, fault, requests.AsMemory(first, 5),
                expected.AsMemory(first, 5), random);
        }

        // Whoever is named as the cause fails; a fault that comes once is nobody's but for the one who ran alone.
        foreach (Fault fault in new[] { Fault.PassOfOne, Fault.OpsOfOne, Fault.ProcessorApplies, Fault.ProcessorAccepts })
            Assert.True(failures[(int)fault] > 50, $"{fault}: {failures[(int)fault]} failures");
        Assert.Equal(0, failures[(int)Fault.DraftOnce] + failures[(int)Fault.DraftAlways]);
    }

    private static async Task<int> RunAsync(Model target, Model small, IOps ops, Fault fault,
        ReadOnlyMemory<GenerationRequest> requests, ReadOnlyMemory<GenerationResult> expected, Random random)
    {
        int at = random.Next(1, fault == Fault.OpOnce ? 400 : 12);
        int guilty = random.Next(requests.Length);
        var device = new FaultyOps(ops);
        (bool poisoned, bool isOver) = (false, false);
        var model = new FaultyModel(new LoadedModel(target, device))
        {
            BeforePass = (number, batch) =>
            {
                bool holds = batch.Tokens.Span.Contains(Poison);
                poisoned = holds && fault == Fault.OpsOfOne;
                Throw((fault == Fault.PassOnce && number == at && !isOver) || (holds && fault == Fault.PassOfOne), "pass");
            },
            BeforeProjection = (number, _) => Throw(fault == Fault.HeadOnce && number == at && !isOver, "head"),
        };
        int rest = at % 20;
        device.BeforeOp = number =>
            Throw((fault == Fault.OpOnce && number == at && !isOver) || (poisoned && number % 20 == rest), "op");
        var draft = new FaultyModel(new LoadedModel(small, ops))
        {
            BeforePass = (number, _) => Throw(fault == Fault.DraftAlways || (fault == Fault.DraftOnce && number == at), "draft"),
        };
        using var engine = new GenerationEngine(model,
            new EngineOptions { Pages = 60, States = 60, PageSize = 8, TokenBudget = 48, MaxSequences = 16, DraftModel = draft });
        Task<GenerationResult>[] running = [.. Enumerable.Range(0, requests.Length).Select(i =>
            engine.CompleteAsync(i == guilty ? Guilty(requests.Span[i], fault, at) : requests.Span[i]))];
        await Task.WhenAny(Task.WhenAll(running)).WaitAsync(TimeSpan.FromSeconds(60));
        int failed = 0;
        for (int i = 0; i < running.Length; i++)
        {
            if (!running[i].IsFaulted)
            {
                GenerationResult result = await running[i];
                if (i != guilty || Guilty(requests.Span[i], fault, at) == requests.Span[i])
                    Runs.Equal(expected.Span[i], result, $"{fault} at {at}, request {i}, {requests.Span[i]}");
                continue;
            }

            failed++;
            bool isNamed = fault is Fault.PassOfOne or Fault.OpsOfOne or Fault.ProcessorAccepts or Fault.ProcessorApplies;
            Assert.True(!isNamed || i == guilty, $"{fault} of {guilty} failed {i}: {running[i].Exception}");
        }

        Assert.InRange(failed, 0, 1);
        isOver = true;
        Runs.Equal(expected.Span[(guilty + 1) % running.Length],
            await engine.CompleteAsync(requests.Span[(guilty + 1) % running.Length]), "later");
        return failed;
    }

    private static GenerationRequest Guilty(GenerationRequest request, Fault fault, int at) => fault switch
    {
        Fault.PassOfOne or Fault.OpsOfOne => request with { Prompt = (int[])[Poison, .. request.Prompt.Span] },
        Fault.ProcessorApplies or Fault.ProcessorAccepts => request with
        {
            Sampling = request.Sampling with { Processors = [new FaultyProcessor(at % 4, fault == Fault.ProcessorAccepts)] },
        },
        _ => request,
    };

    private static void Throw(bool now, string message)
    {
        if (now)
            throw new InvalidDataException(message);
    }
}
