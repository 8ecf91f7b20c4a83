using Seriatim.Web.Chat;

namespace Seriatim.Web.Tests;

/// <summary>Where conversations are kept, and how many.</summary>
public sealed class ConversationStoreTests
{
    private static readonly ChatSettings Settings = new() { Model = "m" };

    [Fact]
    public void Those_used_longest_ago_are_forgotten_and_none_that_runs()
    {
        var store = new ConversationStore(new SeriatimPageOptions { RememberedConversations = 2 });
        ChatConversation first = Said(store, "a", "one");
        Assert.True(first.TryBegin(out _));
        ChatConversation second = Said(store, "a", "two");
        ChatConversation third = Said(store, "b", "three");
        ChatConversation fourth = Said(store, "a", "four");
        store.Tidy(fourth);
        Assert.Equal([fourth, first], store.Of("a"));
        Assert.Equal([third], store.Of("b"));
        first.End();
        first.Tell();
        store.Tidy(first);
        Assert.DoesNotContain(second, store.Of("a"));
        Assert.Equal(2, store.Count);
    }

    [Fact]
    public void They_are_bounded_in_bytes()
    {
        var store = new ConversationStore(new SeriatimPageOptions { RememberedConversationBytes = 100_000 });
        for (int i = 0; i < 20; i++)
            store.Tidy(Said(store, $"{i}", new string('x', 10_000)));
        Assert.InRange(store.Count, 2, 5);
        Assert.True(store.IsFull(Said(store, "z", new string('x', 30_000))));
    }

    [Fact]
    public void A_browser_s_id_is_its_own_and_cannot_be_guessed()
    {
        Assert.NotEqual(ConversationStore.NewId(), ConversationStore.NewId());
        Assert.True(ConversationStore.IsId(ConversationStore.NewId()));
        Assert.False(ConversationStore.IsId("../../etc/passwd"));
        Assert.False(ConversationStore.IsId(null));
    }

    [Fact]
    public void Branches_are_kept_beside_each_other()
    {
        var conversation = new ChatConversation("c");
        ChatTurn one = conversation.Add(null, false, Settings);
        ChatTurn answer = conversation.Add(one, true, Settings), again = conversation.Add(one, true, Settings);
        Assert.Equal([one, again], conversation.Path);
        conversation.Switch(again, -1);
        Assert.Equal([one, answer], conversation.Path);
        conversation.Switch(answer, -1);
        Assert.Equal([one, answer], conversation.Path);
        Assert.Equal((0, 2), conversation.BranchOf(answer));
        Assert.Equal([one], ChatConversation.Before(again));
        Assert.True(conversation.TryBegin(out CancellationToken stop));
        Assert.False(conversation.TryBegin(out _));
        conversation.Stop();
        Assert.True(stop.IsCancellationRequested);
    }

    private static ChatConversation Said(ConversationStore store, string browser, string text)
    {
        ChatConversation conversation = store.Begin(browser);
        conversation.Add(null, false, Settings).Say(text);
        Thread.Sleep(2);
        conversation.Tell();
        return conversation;
    }
}
