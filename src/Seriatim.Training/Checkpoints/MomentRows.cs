namespace Seriatim.Training;

/// <summary>A moment as a checkpoint holds it, wherever it lies.</summary>
/// <param name="Name">Kind and parameter.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Columns.</param>
/// <param name="Read">Gives the elements, row by row.</param>
internal sealed record MomentRows(string Name, int Rows, int Columns, Func<float[]> Read)
{
    public static MomentRows Of(OptimizerMoment moment) => new(moment.Name, moment.Rows, moment.Columns, moment.ToRows);
}
