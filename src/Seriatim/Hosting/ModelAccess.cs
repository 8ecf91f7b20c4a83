namespace Seriatim;

/// <summary>A model that is open, or is being opened while its users hold this already.</summary>
/// <param name="name">What it is opened by.</param>
/// <param name="current">The model; null: it is not open yet.</param>
/// <param name="open">Waits for it.</param>
internal sealed class ModelAccess<T>(string name, Func<T?> current, Func<CancellationToken, Task<T>> open)
    where T : class
{
    /// <summary>A model that is open.</summary>
    public ModelAccess(string name, T opened)
        : this(name, () => opened, _ => Task.FromResult(opened))
    {
    }

    public string Name => name;

    public T? Current => current();

    public Task<T> OpenAsync(CancellationToken cancellationToken) =>
        current() is { } opened ? Task.FromResult(opened) : open(cancellationToken);

    /// <summary>Something that is made of the model.</summary>
    public ModelAccess<TOther> Select<TOther>(Func<T, TOther> make)
        where TOther : class => new(
            name, () => current() is { } opened ? make(opened) : null,
            async token => make(await OpenAsync(token).ConfigureAwait(false)));
}
