using System.Text.Json;
using System.Text.Json.Nodes;

namespace Seriatim.Training;

/// <summary>
/// How processes begin to train together: rank 0 makes what others then find (vocabulary, tokenised data), and nobody goes on
/// before all have compared what they are about to do. Each rank goes through the same steps once, also one that fails.
/// </summary>
/// <param name="group">The processes.</param>
/// <param name="purpose">What they are about to do, as a refusal ends: "The 2 ranks cannot ...".</param>
public sealed class GroupStart(ProcessGroup group, string purpose = "train together")
{
    private const string Failure = "failure", Facts = "facts";

    private bool _hasTurn, _isOver;

    /// <summary>Waits for rank 0 to have prepared what is made once; rank 0 goes on at once.</summary>
    public void AwaitTurn()
    {
        if (_hasTurn || group.IsFirst)
            return;
        _hasTurn = true;
        using IncomingMessage message = group.Receive(0, MessageTags.Turn, 1);
        message.Wait();
    }

    /// <summary>Rank 0 has prepared it; for others nothing happens.</summary>
    public void PassTurn()
    {
        if (_hasTurn || !group.IsFirst)
            return;
        _hasTurn = true;
        for (int rank = 1; rank < group.Size; rank++)
            group.Send(rank, MessageTags.Turn, [1]);
    }

    /// <summary>Compares what the ranks are about to do.</summary>
    /// <param name="facts">What must be the same for all, by name.</param>
    /// <exception cref="ProcessGroupException">A rank has failed, or is about to do something else.</exception>
    public void Agree(IReadOnlyDictionary<string, string> facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        if (group.Size == 1)
            return;
        var own = new JsonObject();
        foreach ((string name, string value) in facts)
            own[name] = value;
        Exchange(new JsonObject { [Facts] = own });
    }

    /// <summary>Tells the others that this rank cannot start.</summary>
    /// <param name="failure">Why.</param>
    /// <returns>What to throw: what all ranks throw; for one process, or after <see cref="Agree"/>, the failure itself.</returns>
    public Exception Fail(Exception failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        if (group.Size == 1 || _isOver || failure is ProcessGroupException)
            return failure;
        AwaitTurn();
        PassTurn();
        string text = failure is SeriatimException or IOException or UnauthorizedAccessException or OutOfMemoryException
            ? failure.Message : $"{failure}";
        try
        {
            Exchange(new JsonObject { [Failure] = text });
        }
        catch (ProcessGroupException all)
        {
            return all;
        }

        return failure;
    }

    /// <summary>What is in the way, one line for each rank and fact; empty if they can start.</summary>
    /// <param name="ranks">What each rank has said.</param>
    /// <param name="places">Where each runs.</param>
    internal static IReadOnlyList<string> Obstacles(IReadOnlyList<JsonObject> ranks, IReadOnlyList<string> places)
    {
        string?[] failures = [.. ranks.Select(rank => (string?)rank[Failure])];
        if (failures[0] is { } common && failures.All(failure => failure == common))
            return [common];
        string[] failed =
        [
            .. failures.Index().Where(f => f.Item is not null).Select(f => $"{Name(f.Index)} cannot start: {f.Item}"),
        ];
        return failed.Length > 0 ? failed
            : [.. ranks.Index().Skip(1).SelectMany(rank => Differences(ranks[0], rank.Item, Name(rank.Index)))];

        string Name(int rank) => $"rank {rank} ({places[rank]})";
    }

    private static IEnumerable<string> Differences(JsonObject first, JsonObject other, string name)
    {
        JsonObject before = first[Facts]!.AsObject(), now = other[Facts]!.AsObject();
        return from key in before.Select(fact => fact.Key).Union(now.Select(fact => fact.Key)).Order(StringComparer.Ordinal)
               let wanted = (string?)before[key] ?? ""
               let found = (string?)now[key] ?? ""
               where wanted != found
               select $"{name} has {key}: {Shown(found)}; rank 0 has {Shown(wanted)}";
    }

    private static string Shown(string value) => value.Length == 0 ? "(nothing)" : value;

    private void Exchange(JsonObject mine)
    {
        _isOver = true;
        mine["place"] = group.Place;
        JsonObject[] all = [.. group.Gather(mine.ToJsonString()).Select(text => JsonNode.Parse(text)!.AsObject())];
        if (Obstacles(all, [.. all.Select(rank => (string)rank["place"]!)]) is not { Count: > 0 } obstacles)
            return;
        throw new ProcessGroupException(obstacles.Count == 1 && (string?)all[0][Failure] == obstacles[0]
            ? obstacles[0]
            : $"The {group.Size} ranks cannot {purpose}:{Environment.NewLine}{string.Join(Environment.NewLine, obstacles)}");
    }
}
