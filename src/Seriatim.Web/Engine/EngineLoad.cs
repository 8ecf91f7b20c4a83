using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Web.Calls;

namespace Seriatim.Web.Engine;

/// <summary>
/// Makes load: some requests at the same time, by the API that everybody uses. Their texts begin alike, so that pages are shared,
/// and go on differently and with different lengths.
/// </summary>
/// <param name="api">The server.</param>
internal sealed class EngineLoad(PageApi api)
{
    private const string Beginning = "Once upon a time there was a small house at the edge of a large wood, "
        + "and in it lived an old "
        + "woman who knew the name of each bird and the hour at which it sang. ";

    private static readonly string[] Endings =
    [
        "One morning a fox came to the door and asked for bread.",
        "The wind had a secret that it told to nobody but the oldest tree.",
        "Her cat was grey, and it could count to seven.", "In winter the snow lay so high that the windows were blue.",
        "A boy came by with a bag of letters.", "At night the stars came down to drink from the well.",
        "The miller's daughter had lost her silver ring.", "Nobody had ever seen the king of that country.",
    ];

    private int _done;

    /// <summary>Requests that have ended.</summary>
    public int Done => _done;

    /// <summary>Sends the requests and waits for all of them; what ends badly ends all.</summary>
    /// <param name="model">The model.</param>
    /// <param name="requests">How many.</param>
    /// <param name="tokens">New tokens of each, at most.</param>
    /// <param name="cancellationToken">Ends them.</param>
    /// <exception cref="ApiFailure">The server refuses one.</exception>
    public async Task RunAsync(string model, int requests, int tokens, CancellationToken cancellationToken)
    {
        _done = 0;
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        (string path, Func<int, JsonObject> body) = await KindAsync(model, tokens, all.Token).ConfigureAwait(false);
        try
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, requests),
                new ParallelOptions { MaxDegreeOfParallelism = requests, CancellationToken = all.Token },
                async (number, token) =>
                {
                    // Not all at once: newcomers that join those who decode are what there is to see.
                    await Task.Delay(number * 120, token).ConfigureAwait(false);
                    await api.PostAsync(path, body(number), token).ConfigureAwait(false);
                    Interlocked.Increment(ref _done);
                }).ConfigureAwait(false);
        }
        finally
        {
            await all.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>What the model can be asked: its first answer, or its refusal, says it.</summary>
    private async Task<(string Path, Func<int, JsonObject> Body)> KindAsync(
        string model, int tokens, CancellationToken cancellationToken)
    {
        (string Path, Func<int, JsonObject> Body)[] kinds =
        [
            ("v1/completions", number => new JsonObject
            {
                ["model"] = model,
                ["prompt"] = Text(number),
                ["max_tokens"] = tokens,
                ["seed"] = number,
            }),
            ("v1/translate", number => new JsonObject { ["model"] = model, ["text"] = Endings[number % Endings.Length] }),
            ("v1/embeddings", number => new JsonObject { ["model"] = model, ["input"] = Text(number) }),
        ];
        for (int i = 0; i < kinds.Length - 1; i++)
        {
            try
            {
                JsonObject first = kinds[i].Body(0);
                if (i == 0)
                    first["max_tokens"] = 1;
                await api.PostAsync(kinds[i].Path, first, cancellationToken).ConfigureAwait(false);
                return kinds[i];
            }
            catch (ApiFailure failure) when (failure.Code is "wrong_task")
            {
                // The next kind, then.
            }
        }

        return kinds[^1];
    }

    private static string Text(int number) =>
        string.Concat(Enumerable.Repeat(Beginning, 1 + number % 3)) + Endings[number % Endings.Length];
}
