namespace Seriatim.Peers;

/// <summary>Somebody who can do a work, again and again. Opened once; a first run that is not counted warms it up.</summary>
internal interface IContender : IDisposable
{
    string Version { get; }

    /// <summary>Does the work once. Seconds of each of its parts; NaN for a part that it cannot do.</summary>
    double[] Run();

    /// <summary>Why it cannot do a part, or what is to be said about it; null: nothing.</summary>
    string? Note(int part) => null;
}
