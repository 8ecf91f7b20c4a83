using System.Text;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>A whole answer.</summary>
internal sealed record Answer
{
    public required int Index { get; init; }

    /// <summary>What is said.</summary>
    public required string Content { get; init; }

    /// <summary>What was thought before; "" if nothing was.</summary>
    public required string Reasoning { get; init; }

    public required IReadOnlyList<AnsweredCall> Calls { get; init; }

    /// <summary>Blocks that should be calls and cannot be read, as the model wrote them.</summary>
    public required IReadOnlyList<string> Malformed { get; init; }

    /// <summary>What the engine gave.</summary>
    public required GenerationChoice Choice { get; init; }

    public FinishReason Finish => Choice.Finish;

    /// <summary>Takes the text of a choice apart.</summary>
    public static Answer Of(GenerationChoice choice, int index, IAnswerReader reader)
    {
        var parts = new List<AnswerPart>();
        reader.Push(choice.Text, parts);
        reader.Flush(choice.Finish, parts);
        var content = new StringBuilder();
        var reasoning = new StringBuilder();
        var begun = new Dictionary<int, (string Id, string Tool, StringBuilder Arguments)>();
        List<AnsweredCall> calls = [];
        foreach (AnswerPart part in parts)
        {
            switch (part.Kind)
            {
                case AnswerPartKind.Content:
                    content.Append(part.Text);
                    break;
                case AnswerPartKind.Reasoning:
                    reasoning.Append(part.Text);
                    break;
                case AnswerPartKind.CallBegin:
                    begun[part.Call] = (part.CallId!, part.Tool!, new StringBuilder());
                    break;
                case AnswerPartKind.CallArguments:
                    begun[part.Call].Arguments.Append(part.Text);
                    break;
                case AnswerPartKind.CallEnd:
                    calls.Add(new AnsweredCall(begun[part.Call].Id, begun[part.Call].Tool, $"{begun[part.Call].Arguments}"));
                    break;
            }
        }

        return new Answer
        {
            Index = index,
            Content = $"{content}",
            Reasoning = $"{reasoning}",
            Calls = calls,
            Malformed = [.. parts.Where(part => part.Kind == AnswerPartKind.Malformed).Select(part => part.Text)],
            Choice = choice,
        };
    }
}
