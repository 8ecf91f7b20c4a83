namespace Seriatim.Cluster;

/// <summary>
/// Where durable requests are stored. A record is written only by who has read it as it is: so one of two doors that go on with a
/// request learns that it is not the one.
/// </summary>
internal interface IKeptStore
{
    /// <summary>Whether what is over its time goes by itself; otherwise whoever wrote it last forgets it then.</summary>
    bool ThrowsAway { get; }

    /// <summary>A record and its tag; null: there is none.</summary>
    Task<(KeptRecord Record, string Tag)?> ReadAsync(string number);

    /// <summary>Writes a record in place of the one with a tag.</summary>
    /// <returns>The new tag.</returns>
    /// <exception cref="KeptTakenException">The record there has another tag.</exception>
    Task<string> WriteAsync(string number, KeptRecord record, string? tag);

    /// <summary>Forgets a record, whatever its tag.</summary>
    Task ClearAsync(string number);
}
