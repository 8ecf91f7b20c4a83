using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Web.Calls;

namespace Seriatim.Web.Chat;

/// <summary>Has answers made. They go on when the page that asked for them is closed, until they end or are stopped.</summary>
internal sealed class ChatRunner(ConversationStore store)
{
    /// <summary>Answers what was said before a new turn.</summary>
    /// <param name="api">The server, with the key of whoever asks.</param>
    /// <param name="conversation">The conversation.</param>
    /// <param name="after">What is answered.</param>
    /// <param name="settings">How.</param>
    /// <returns>The answer's turn; null: another answer runs.</returns>
    public ChatTurn? Answer(PageApi api, ChatConversation conversation, ChatTurn after, ChatSettings settings) =>
        Start(conversation, after, settings, (turn, stop) => AnswerAsync(api, conversation, turn, stop));

    /// <summary>
    /// Goes on from another token at a place of an answer: what stood before it stays, and is not computed anew.
    /// </summary>
    /// <param name="api">The server.</param>
    /// <param name="conversation">The conversation.</param>
    /// <param name="from">The answer.</param>
    /// <param name="place">Which of its tokens.</param>
    /// <param name="other">What stands there now.</param>
    /// <returns>The answer's turn; null: another answer runs.</returns>
    public ChatTurn? GoOn(PageApi api, ChatConversation conversation, ChatTurn from, int place, ChatAlternative other)
    {
        ChatToken[] tokens = from.Tokens;
        ChatToken chosen = new(other.Id, other.Text, other.Logprob, tokens[place].Top, IsForced: true);
        ChatToken[] forced = [.. tokens[..place], chosen];
        return Start(conversation, from.Parent!, from.Settings, (turn, stop) =>
            GoOnAsync(api, conversation, from, turn, stop), turn => turn.Force(forced));
    }

    private ChatTurn? Start(ChatConversation conversation, ChatTurn after, ChatSettings settings,
        Func<ChatTurn, CancellationToken, Task> run, Action<ChatTurn>? begin = null)
    {
        if (!conversation.TryBegin(out CancellationToken stop))
            return null;
        ChatTurn turn = conversation.Add(after, isAnswer: true, settings);
        begin?.Invoke(turn);
        conversation.Tell();
        _ = Task.Run(() => RunAsync(conversation, turn, run, stop), CancellationToken.None);
        return turn;
    }

    private async Task RunAsync(ChatConversation conversation, ChatTurn turn, Func<ChatTurn, CancellationToken, Task> run,
        CancellationToken stop)
    {
        try
        {
            await run(turn, stop).ConfigureAwait(false);
            turn.End(ChatState.Done);
        }
        catch (OperationCanceledException)
        {
            turn.End(ChatState.Stopped);
        }
        catch (ApiFailure failure)
        {
            turn.End(ChatState.Failed, failure);
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException)
        {
            turn.End(ChatState.Failed, new ApiFailure(0, null, failure.Message));
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            turn.End(ChatState.Failed, new ApiFailure(500, null, $"The server's answer was not understood: {failure.Message}"));
        }
        finally
        {
            conversation.End();
            store.Tidy(conversation);
        }
    }

    private static async Task AnswerAsync(PageApi api, ChatConversation conversation, ChatTurn turn, CancellationToken stop)
    {
        ModelFacts facts = await ModelFacts.OfAsync(api, turn.Settings.Model, stop).ConfigureAwait(false);
        IReadOnlyList<ChatTurn> said = ChatConversation.Before(turn);
        (string path, JsonObject body) = facts.HasTemplate
            ? (ChatRequests.Chat, ChatRequests.OfChat(turn.Settings, said))
            : (ChatRequests.Text, ChatRequests.OfText(turn.Settings, said));
        await ReadAsync(api, conversation, turn, path, body, stop).ConfigureAwait(false);
    }

    private static async Task GoOnAsync(
        PageApi api, ChatConversation conversation, ChatTurn from, ChatTurn turn, CancellationToken stop)
    {
        IReadOnlyList<int> prompt = from.PromptIds ??= await PromptOfAsync(api, from, stop).ConfigureAwait(false);
        turn.PromptIds = prompt;
        ChatToken[] forced = turn.Tokens;
        JsonObject body =
            ChatRequests.OfIds(turn.Settings, prompt.Concat(forced.Select(token => token.Id)), forced.Length);
        await ReadAsync(api, conversation, turn, ChatRequests.Text, body, stop).ConfigureAwait(false);
    }

    /// <summary>What an answer that was stopped had read, from those who wrote it.</summary>
    private static async Task<IReadOnlyList<int>> PromptOfAsync(PageApi api, ChatTurn from, CancellationToken stop)
    {
        JsonElement read = await api.PostAsync("tokenize", new JsonObject
        {
            ["model"] = from.Settings.Model,
            ["messages"] = ChatRequests.Messages(from.Settings, ChatConversation.Before(from)),
        }, stop).ConfigureAwait(false);
        return [.. read.GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32())];
    }

    private static async Task ReadAsync(PageApi api, ChatConversation conversation, ChatTurn turn, string path, JsonObject body,
        CancellationToken stop)
    {
        await foreach (JsonElement chunk in api.StreamAsync(path, body, stop).ConfigureAwait(false))
        {
            turn.Add(ChatDelta.Read(chunk));
            conversation.Tell();
        }
    }
}
