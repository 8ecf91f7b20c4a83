using Microsoft.Extensions.DependencyInjection;
using Seriatim.Tests;
using Seriatim.Web.Models;
using Seriatim.Web.Texts;
using Seriatim.Web.Work;

namespace Seriatim.Web.Tests;

/// <summary>Quantising by the page.</summary>
public sealed class ModelWorkTests
{
    [Fact]
    public async Task One_model_at_a_time_is_quantised_and_none_beside_other_long_work()
    {
        using var folder = new TempFolder();
        TinyModels.WriteLlama(Directory.CreateDirectory(Path.Combine(folder.Path, "tiny")).FullName);
        await using PageServer server = await PageServer.StartAsync(options =>
            (options.BuiltInModels, options.ModelsFolder, options.AllowsPulling) = (false, folder.Path, true));
        ModelWork work = server.Services.GetRequiredService<ModelWork>();
        LongWork cores = server.Services.GetRequiredService<LongWork>();
        using (cores.Begin(WorkTexts.Lab))
        {
            SaidException busy = Assert.Throws<SaidException>(() => work.Quantize("tiny", "q8_0"));
            Assert.Contains("实验室", busy.In(Language.Chinese), StringComparison.Ordinal);
        }

        work.Quantize("tiny", "q8_0");
        ModelTask task = Assert.Single(work.Tasks);
        await task.Ended;
        Assert.Null(task.Failure);
        Assert.Null(cores.What);
        SaidException there = Assert.Throws<SaidException>(() => work.Quantize("tiny", "q8_0"));
        Assert.Contains("已经存在", there.In(Language.Chinese), StringComparison.Ordinal);
        work.Quantize("tiny", "q4_0");
        await work.Tasks[0].Ended;
    }
}
