using System.Runtime.InteropServices;
using System.Text.Json;
using Seriatim.Training;

namespace Seriatim;

/// <summary>The messages between stages: what they are, and those that carry their length.</summary>
internal static class PipelineMessages
{
    private const int Base = 1 << 12;

    /// <summary>Rank 0 to the others: a <see cref="StageCommand"/>, of a fixed length.</summary>
    public const int Command = Base;

    /// <summary>Rank 0 to the others: what belongs to the command.</summary>
    public const int Body = Base + 1;

    /// <summary>A stage to the next one: the residual stream.</summary>
    public const int Stream = Base + 2;

    /// <summary>A stage to the next one: what the layers that follow are given of the tokens directly.</summary>
    public const int LayerInputs = Base + 3;

    /// <summary>The last stage to rank 0: the rows that are wanted; a byte if none are.</summary>
    public const int Result = Base + 4;

    /// <summary>A stage to rank 0: what it answers to a command; the length has the tag that follows.</summary>
    public const int Answer = Base + 5;

    /// <summary>A stage to rank 0: what it says of layers that it has loaded, beside its answers; length as above.</summary>
    public const int Loaded = Base + 7;

    /// <summary>A rank to those who watch it: that it is there (<see cref="RankWatch"/>).</summary>
    public const int Sign = Base + 9;

    /// <summary>Tells a stage what to do.</summary>
    public static void Tell(ProcessGroup group, int rank, in StageCommand command, ReadOnlySpan<byte> body)
    {
        StageCommand whole = command with { BodyBytes = body.Length };
        group.Send(rank, Command, MemoryMarshal.AsBytes(new ReadOnlySpan<StageCommand>(in whole)));
        if (!body.IsEmpty)
            group.Send(rank, Body, body);
    }

    /// <summary>Tells rank 0 something of any length.</summary>
    /// <param name="group">The processes.</param>
    /// <param name="tag"><see cref="Answer"/> or <see cref="Loaded"/>.</param>
    /// <param name="answer">The bytes.</param>
    public static void Reply(ProcessGroup group, int tag, ReadOnlySpan<byte> answer)
    {
        group.Send(0, tag + 1, BitConverter.GetBytes(answer.Length));
        group.Send(0, tag, answer);
    }

    /// <summary>What all other stages have told, by rank.</summary>
    public static byte[][] Replies(ProcessGroup group, int tag)
    {
        byte[][] answers = new byte[group.Size - 1][];
        for (int rank = 1; rank < group.Size; rank++)
        {
            using IncomingMessage length = group.Receive(rank, tag + 1, sizeof(int));
            using IncomingMessage answer = group.Receive(rank, tag, BitConverter.ToInt32(length.Wait()));
            answers[rank - 1] = answer.Wait().ToArray();
        }

        return answers;
    }

    /// <summary>A report as bytes.</summary>
    public static byte[] Write(StageReport report) =>
        JsonSerializer.SerializeToUtf8Bytes(report, PipelineJson.Default.StageReport);

    /// <summary>The report of bytes.</summary>
    public static StageReport ReadReport(byte[] answer) =>
        JsonSerializer.Deserialize(answer, PipelineJson.Default.StageReport)!;
}
