using System.Globalization;
using System.Text;
using Seriatim.Tensors;

namespace Seriatim.Generation.Tests;

/// <summary>
/// Two real models on one host: no more threads than it has, whatever runs; the results of each alone; and memory that comes back
/// from the system's point of view. Nothing else may run beside these.
/// </summary>
[CollectionDefinition(nameof(HostResourceTests), DisableParallelization = true)]
[Collection(nameof(HostResourceTests))]
public sealed class HostResourceTests
{
    private const string Tasks = "/proc/self/task";

    private const long SmallestModel = 26_000_000;

    /// <summary>What the system and the heap may keep: of 24 models that leak there would be six times as much.</summary>
    private const long Slack = 4 * SmallestModel;

    private static readonly EngineOptions Small = new() { Pages = 400, PageSize = 16, MaxSequences = 16 };

    [LinuxFact]
    public async Task TwoModelsComputeWithOneTeamOfThreads()
    {
        GenerationRequest[] requests = [.. Enumerable.Range(0, 12).Select(i => new GenerationRequest
        {
            Prompt = Enumerable.Range(i, 5 + i).ToArray(),
            MaxNewTokens = 30,
            Seed = (ulong)i,
            Sampling = new() { Temperature = 0.8f },
            Logprobs = 1,
        })];
        GenerationResult[][] expected = [await Alone("320", requests), await Alone("416", requests)];
        int before = Workers();
        await using var host = new EngineHost();
        Assert.Equal(Environment.ProcessorCount, host.Threads);
        foreach (string name in (string[])["320", "416"])
            host.Add(name, _ => Task.FromResult(HostedModel.Of(Make(name), host.Ops, Small)));
        await using ModelLease first = await host.RentAsync("320"), second = await host.RentAsync("416");
        Task<GenerationResult>[][] running = [[.. requests.Select(r => first.Engine.CompleteAsync(r))],
            [.. requests.Select(r => second.Engine.CompleteAsync(r))]];
        int during = Workers();
        for (int model = 0; model < 2; model++)
        {
            GenerationResult[] results = await Task.WhenAll(running[model]);
            for (int i = 0; i < requests.Length; i++)
            {
                Assert.Equal(expected[model][i].Choices[0].TokenIds, results[i].Choices[0].TokenIds);
                Assert.Equal(expected[model][i].Choices[0].Logprobs!.Select(l => l.Chosen),
                    results[i].Choices[0].Logprobs!.Select(l => l.Chosen));
            }
        }

        // The threads of the engines wait for their turn, and work themselves when they have it: the team has one fewer.
        Assert.Equal(host.Threads - 1, during - before);
        Assert.Equal(host.Threads - 1, Workers() - before);
    }

    [LinuxFact]
    public async Task UnloadedModelsGiveTheirMemoryBackAndAreOpenedAgain()
    {
        await using var host = new EngineHost(new EngineHostOptions { MemoryBytes = 70_000_000 });
        foreach (int width in (int[])[320, 416, 512])
        {
            host.Add($"{width}", _ => Task.FromResult(HostedModel.Of(Make($"{width}"), host.Ops, Small with { Pages = 40 })));
        }

        for (int i = 0; i < 12; i++)
            await Use(host, i % 2 == 0 ? 512 : 416); // what is compiled on the way, and scratch of the largest, stay

        // The heap grows once for what other tests of this process have left behind; models that leak make it grow each time.
        string growth = "";
        for (int attempt = 0; attempt < 3; attempt++)
        {
            (long before, long most, long after) = await LoadAndUnload(host);
            Assert.True(most > before + 20_000_000, $"The models were not to be seen: {before} before, {most} at most.");
            if (after <= before + Slack)
                return;
            growth += $"{before} bytes were resident before, {after} after 24 models; {most} at most. ";
        }

        Assert.Fail(growth);
    }

    /// <summary>Bytes that are resident before 24 models, at most while they come and go, and when all have gone.</summary>
    private static async Task<(long Before, long Most, long After)> LoadAndUnload(EngineHost host)
    {
        await Use(host, 512);
        await host.UnloadAsync("416");
        long before = Resident();
        long most = 0;
        for (int round = 0; round < 8; round++)
        {
            foreach (int width in (int[])[320, 416, 512])
                most = Math.Max(most, await Use(host, width));
        }

        Assert.Single(host.Models, model => model.State == HostedModelState.Ready);
        foreach (HostedModelStatus model in host.Models)
            await host.UnloadAsync(model.Name);
        Assert.Equal(0, host.MemoryInUse);
        long after = Resident();
        for (int i = 0; i < 10 && after > before + Slack; i++)
        {
            // The system takes memory back when it likes; what is leaked never comes.
            await Task.Delay(100);
            after = Math.Min(after, Resident());
        }

        return (before, most, after);
    }

    private static async Task<long> Use(EngineHost host, int width)
    {
        await using ModelLease lease = await host.RentAsync($"{width}");
        Assert.InRange(host.MemoryInUse, 1, host.MemoryBytes);
        await lease.Engine.CompleteAsync(new GenerationRequest
        {
            Prompt = Enumerable.Range(1, 40).ToArray(),
            MaxNewTokens = 4,
            Seed = 1,
        });
        return ResidentNow();
    }

    private static async Task<GenerationResult[]> Alone(string name, GenerationRequest[] requests)
    {
        using Model model = Make(name);
        using IDifferentiableOps ops = CpuOps.Create(2);
        var results = new GenerationResult[requests.Length];
        await using var engine = new GenerationEngine(new LoadedModel(model, ops), Small);
        for (int i = 0; i < requests.Length; i++)
            results[i] = await engine.CompleteAsync(requests[i]);
        return results;
    }

    private static int Workers() => Directory.GetDirectories(Tasks).Count(task =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("Seriatim worker", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // it has just ended
        }
    });

    private static Model Make(string width) => Model.Create("config.json", Encoding.UTF8.GetBytes($$"""
        {"architectures": ["LlamaForCausalLM"], "vocab_size": 4000, "hidden_size": {{width}}, "intermediate_size": {{3 * int.Parse(width, CultureInfo.InvariantCulture)}},
        "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 4, "max_position_embeddings": 64, "tie_word_embeddings": false}
        """), new RandomSource(7));

    private static long Resident()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return ResidentNow();
    }

    private static long ResidentNow()
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(6).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class LinuxFactAttribute : FactAttribute
    {
        public LinuxFactAttribute() => Skip = Directory.Exists(Tasks) ? null : $"{Tasks} does not exist";
    }
}
