using System.Text.Json;
using System.Text.Json.Serialization;
using Seriatim.Generation;

namespace Seriatim.Tests;

/// <summary>
/// Requests of every kind leave an engine at random steps, cross to another process as bytes and end there: every token, score
/// and log-probability as it is alone. The other process is the program of samples/move.
/// </summary>
public sealed class MoveTests : IDisposable
{
    private static readonly JsonSerializerOptions Json =
        new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Two_hundred_requests_end_in_another_process_as_they_do_alone()
    {
        TinyModels.WriteLlama(_folder.Path);

        // Streams go on as they are read, so that a request does not end before it is told to leave.
        var options = new LanguageModelOptions { Engine = new EngineOptions { MaxUnreadUpdates = 2 } };
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, options);
        var random = new Random(8);
        GenerationRequest[] requests = [.. Enumerable.Range(0, 200).Select(i => Kind(model.Request(Prompt(random)) with
        {
            Seed = (ulong)i,
            MaxNewTokens = 2 + random.Next(40),
            Sampling = new() { Temperature = 0.9f },
        }, i))];
        var expected = new string[requests.Length];
        for (int i = 0; i < requests.Length; i++)
            expected[i] = Describe(await model.CompleteAsync(requests[i]));

        GenerationHandle[] handles = [.. requests.Select(request => model.Submit(request))];
        bool[] moved = await Task.WhenAll(handles.Select((handle, i) => LeaveAsync(handle, i, random.Next(12))));
        Assert.True(moved.Count(left => left) > 100, $"{moved.Count(left => left)} of 200 left");
        SampleTests.Run("move", "finish", _folder.Path, _folder.Path);
        for (int i = 0; i < requests.Length; i++)
        {
            string actual = moved[i] ? File.ReadAllText(_folder.File($"{i}.json")) : Describe(await handles[i].Completion);
            Assert.True(expected[i] == actual, $"request {i}, moved: {moved[i]}\n{expected[i]}\n{actual}");
        }
    }

    /// <summary>Takes a request out once so many of its tokens have come (beams: at once), unless it ends before.</summary>
    private async Task<bool> LeaveAsync(GenerationHandle handle, int number, int tokens)
    {
        Task<RequestState>? leaving = tokens == 0 ? handle.ExportAsync() : null;
        await foreach (GenerationUpdate _ in handle)
        {
            if (--tokens <= 0)
                leaving ??= handle.ExportAsync();
        }

        try
        {
            File.WriteAllBytes(_folder.File($"{number}.state"), (await (leaving ?? handle.ExportAsync())).ToBytes());
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static GenerationRequest Kind(GenerationRequest request, int i) => (i % 8) switch
    {
        0 => request with { Sampling = SamplingOptions.Greedy, Logprobs = 2 },
        1 => request with { Count = 3, Sampling = request.Sampling with { TopK = 20, TopP = 0.9f } },
        2 => request with { Beam = new() { Beams = 4 }, Sampling = new(), Count = 2, Logprobs = 1 },
        3 => request with { Sampling = request.Sampling with { Mirostat = new() }, PromptLogprobs = 1 },
        4 =>
            request with
            {
                BestOf = 4,
                Count = 2,
                Sampling = request.Sampling with { Penalties = new() { Presence = 0.5f, Dry = new() } },
            },
        5 => request with { StopStrings = ["e", "the c"], MinNewTokens = 2 },
        6 =>
            request with
            {
                Beam = new() { Beams = 4, Groups = 2, DiversityPenalty = 0.5 },
                Sampling = new(),
                StopStrings = ["e"],
            },
        _ => request with { Speculation = new() { Always = true, MaxTokens = 4 }, Logprobs = 0 },
    };

    private static string Prompt(Random random) =>
        string.Join(' ', Enumerable.Range(0, 1 + random.Next(12)).Select(_ => random.Next(2) == 0 ? "the" : "cat"));

    private static string Describe(GenerationResult result) =>
        JsonSerializer.Serialize(new { result.Choices, result.PromptLogprobs }, Json);
}
