namespace Seriatim.Training;

/// <summary>A group of one, which never has anybody to send to.</summary>
internal sealed class LoneProcess : ProcessGroup
{
    public override int Rank => 0;

    public override int Size => 1;

    public override void Advance()
    {
    }

    public override void Abort(int exitCode) => Environment.Exit(exitCode);

    protected override void Post(int to, int tag, ReadOnlySpan<byte> message) => throw Nobody();

    protected override IncomingMessage Expect(int from, int tag, int bytes) => throw Nobody();

    private static InvalidOperationException Nobody() => new("There is one process; it has nobody to talk to.");
}
