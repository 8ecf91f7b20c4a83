using System.Globalization;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Cli;

/// <summary>How a model would be cut across processes, by the sizes in its files.</summary>
/// <param name="Model">What was asked for.</param>
/// <param name="Architecture">Model type of the config.</param>
/// <param name="Stages">The processes, by rank.</param>
internal sealed record StagePlan(string Model, string Architecture, IReadOnlyList<StagePlanLine> Stages)
{
    /// <summary>The cut of a model that is not loaded: it may be larger than this machine.</summary>
    /// <param name="name">What was asked for.</param>
    /// <param name="folder">Where it is.</param>
    /// <param name="processes">How many.</param>
    public static StagePlan Of(string name, string folder, int processes)
    {
        ModelSizes sizes = Seriatim.Models.Model.Measure(folder);
        return new StagePlan(name, sizes.Spec.Family,
        [
            .. StageCut.Balanced(sizes, processes).Index().Select(stage => new StagePlanLine(
                stage.Index, stage.Item.First, stage.Item.Count,
                sizes.LayerBytes.Skip(stage.Item.First).Take(stage.Item.Count).Sum()
                    + (stage.Item.IsFirst ? sizes.OtherBytes : 0),
                stage.Item.BytesPerPosition(sizes.Spec, KeyValueType.F32), stage.Item.BytesPerState(sizes.Spec))),
        ]);
    }
}

/// <summary>One of them.</summary>
/// <param name="Stage">Its rank.</param>
/// <param name="FirstLayer">Its first layer.</param>
/// <param name="Layers">Number of its layers.</param>
/// <param name="FileBytes">Bytes of its tensors in the files; the first one has embedding and head, too.</param>
/// <param name="BytesPerToken">Memory of one token of context, in F32.</param>
/// <param name="BytesPerState">Memory of the recurrent layers of one sequence.</param>
internal sealed record StagePlanLine(
    int Stage, int FirstLayer, int Layers, long FileBytes, long BytesPerToken, long BytesPerState)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"process {Stage}: layers {FirstLayer} to {FirstLayer + Layers - 1}{(FirstLayer == 0 ? ", embedding and head" : "")}, "
            + $"{Terminal.Bytes(FileBytes)} in the files, {Terminal.Bytes(BytesPerToken)} a token of context"
            + $"{(BytesPerState > 0 ? $", {Terminal.Bytes(BytesPerState)} a sequence" : "")}");
}
