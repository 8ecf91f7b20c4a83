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

    /// <summary>A stage to rank 0: the length of what it answers.</summary>
    public const int AnswerLength = Base + 5;

    /// <summary>A stage to rank 0: what it answers.</summary>
    public const int Answer = Base + 6;

    /// <summary>Tells all other stages what to do.</summary>
    public static void Tell(ProcessGroup group, in StageCommand command, ReadOnlySpan<byte> body = default)
    {
        StageCommand whole = command with { BodyBytes = body.Length };
        for (int rank = 1; rank < group.Size; rank++)
        {
            group.Send(rank, Command, MemoryMarshal.AsBytes(new ReadOnlySpan<StageCommand>(in whole)));
            if (!body.IsEmpty)
                group.Send(rank, Body, body);
        }
    }

    /// <summary>Answers rank 0.</summary>
    public static void Reply(ProcessGroup group, ReadOnlySpan<byte> answer)
    {
        group.Send(0, AnswerLength, BitConverter.GetBytes(answer.Length));
        group.Send(0, Answer, answer);
    }

    /// <summary>The answers of all other stages, by rank.</summary>
    public static byte[][] Answers(ProcessGroup group)
    {
        byte[][] answers = new byte[group.Size - 1][];
        for (int rank = 1; rank < group.Size; rank++)
        {
            using IncomingMessage length = group.Receive(rank, AnswerLength, sizeof(int));
            using IncomingMessage answer = group.Receive(rank, Answer, BitConverter.ToInt32(length.Wait()));
            answers[rank - 1] = answer.Wait().ToArray();
        }

        return answers;
    }

    /// <summary>A report as bytes.</summary>
    public static byte[] Write(StageReport report) =>
        JsonSerializer.SerializeToUtf8Bytes(report, PipelineJson.Default.StageReport);

    /// <summary>The report of bytes.</summary>
    public static StageReport Read(byte[] answer) => JsonSerializer.Deserialize(answer, PipelineJson.Default.StageReport)!;
}
