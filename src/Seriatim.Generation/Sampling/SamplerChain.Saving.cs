namespace Seriatim.Generation;

/// <content>The state of the processors as bytes, by their names.</content>
internal sealed partial class SamplerChain
{
    /// <summary>
    /// What the processors save of their state; those that save nothing are made anew from the tokens. The second of a name is
    /// saved as <c>name#2</c>.
    /// </summary>
    /// <exception cref="ProcessorException">A processor threw.</exception>
    public IReadOnlyDictionary<string, byte[]> Save()
    {
        var saved = new Dictionary<string, byte[]>();
        foreach ((string key, LogitsProcessor processor) in Named())
        {
            if (Save(processor) is { } bytes)
                saved.Add(key, bytes);
        }

        return saved;
    }

    /// <summary>Takes over what was saved, in a new chain of the same request.</summary>
    /// <param name="saved">What <see cref="Save()"/> gave.</param>
    /// <param name="newTokens">All new tokens of the sequence so far: processors that saved nothing accept them.</param>
    /// <exception cref="InvalidOptionException">Something was saved that no processor knows, or the other way round.</exception>
    /// <exception cref="ProcessorException">A processor threw.</exception>
    public void Restore(IReadOnlyDictionary<string, byte[]> saved, ReadOnlySpan<int> newTokens)
    {
        (string Key, LogitsProcessor Processor)[] named = [.. Named()];
        foreach (string key in saved.Keys)
        {
            if (!Array.Exists(named, one => one.Key == key))
            {
                throw new InvalidOptionException("State of the sampler", key,
                    named.Length == 0 ? "the request has no processors" : $"the request's processors are {Keys(named)}");
            }
        }

        foreach ((string key, LogitsProcessor processor) in named)
        {
            if (saved.TryGetValue(key, out byte[]? bytes))
                Restore(processor, bytes);
            else if (newTokens.Length > 0 && Save(processor) is not null)
                throw new InvalidOptionException("State of the sampler", Keys(saved.Keys), $"what {key} saved is missing");
            else
                Accept(processor, newTokens);
        }
    }

    private static string Keys((string Key, LogitsProcessor Processor)[] named) => Keys(named.Select(one => one.Key));

    private static string Keys(IEnumerable<string> keys) => string.Join(", ", keys);

    private static void Accept(LogitsProcessor processor, ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens)
            Accept(processor, token);
    }

    private static byte[]? Save(LogitsProcessor processor)
    {
        try
        {
            return processor.Save();
        }
        catch (Exception exception) when (exception is not GenerationException)
        {
            throw new ProcessorException(processor.Name, "save its state", exception);
        }
    }

    private static void Restore(LogitsProcessor processor, ReadOnlySpan<byte> bytes)
    {
        try
        {
            processor.Restore(bytes);
        }
        catch (Exception exception) when (exception is not GenerationException)
        {
            throw new ProcessorException(processor.Name, "take its state over", exception);
        }
    }

    private IEnumerable<(string Key, LogitsProcessor Processor)> Named()
    {
        var counts = new Dictionary<string, int>();
        foreach (LogitsProcessor processor in _scores.Concat(_warpers))
        {
            int count = counts[processor.Name] = counts.GetValueOrDefault(processor.Name) + 1;
            yield return (count == 1 ? processor.Name : $"{processor.Name}#{count}", processor);
        }
    }
}
