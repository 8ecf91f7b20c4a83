namespace Seriatim.Generation.Tests;

/// <summary>Walks a grammar by tokens, and looks at each step whether the mask tells the same as the step.</summary>
internal sealed class GrammarWalk(CompiledGrammar grammar)
{
    public GrammarState State { get; private set; } = grammar.Start;

    public bool CanEnd => State.CanEnd;

    /// <summary>Whether a token followed.</summary>
    public bool Accept(int token)
    {
        bool allowed = grammar.TokensOf(State).Contains(token);
        GrammarState? next = grammar.Accept(State, token);
        Assert.Equal(next is not null, allowed);
        if (next is null)
            return false;
        State = next;
        return true;
    }

    /// <summary>The mask has exactly those tokens that can be accepted.</summary>
    public void CheckMask()
    {
        TokenSet tokens = grammar.TokensOf(State);
        int count = 0;
        for (int id = 0; id < grammar.Vocabulary.Size; id++)
        {
            bool follows = grammar.Accept(State, id) is not null;
            count += follows ? 1 : 0;
            Assert.True(follows == tokens.Contains(id),
                $"token {id} ({string.Join(' ', grammar.Vocabulary.BytesOf(id).ToArray())})");
        }

        Assert.Equal(count, tokens.Count);
        Assert.True(count > 0 || State.CanEnd, "a dead end");
        Assert.Equal(State.IsComplete, count == 0);
    }

    /// <summary>Goes on with a random token; false: the text ends.</summary>
    public bool GoOn(Random random)
    {
        TokenSet tokens = grammar.TokensOf(State);
        if (tokens.Count == 0)
            return false;
        int[] ids = [.. Enumerable.Range(0, grammar.Vocabulary.Size).Where(tokens.Contains)];
        return Accept(ids[random.Next(ids.Length)]);
    }
}
