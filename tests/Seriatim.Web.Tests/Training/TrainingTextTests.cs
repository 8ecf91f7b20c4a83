using System.Text;
using Seriatim.Tests;
using Seriatim.Training;
using Seriatim.Web.Texts;
using Seriatim.Web.Training;

namespace Seriatim.Web.Tests;

/// <summary>Texts that are uploaded, and the recipes that are made for them.</summary>
public sealed class TrainingTextTests
{
    [Fact]
    public void A_gigabyte_is_refused_by_its_size_with_both_numbers()
    {
        SaidException failure = Assert.Throws<SaidException>(() => TrainingText.CheckSize("big.txt", 1L << 30, 16 << 20));
        Assert.Contains("big.txt", failure.Message);
        Assert.Contains("1.1 GB", failure.Message);
        Assert.Contains("16.8 MB", failure.Message);
        Assert.Contains("1.1 GB", failure.In(Language.Chinese));
        Assert.Throws<SaidException>(() => TrainingText.CheckSize("empty.txt", 0, 16 << 20));
        TrainingText.CheckSize("good.txt", 16 << 20, 16 << 20);
    }

    [Fact]
    public void What_is_no_text_is_refused_with_its_place_and_a_short_one_with_its_length()
    {
        Assert.Contains("byte 2 ", Assert.Throws<SaidException>(() => TrainingText.Read("x.bin", [65, 66, 255, 67])).Message);
        Assert.Contains("byte 1 ", Assert.Throws<SaidException>(() => TrainingText.Read("x.bin", [65, 0])).Message);
        Assert.Contains("1 characters; at least 2,000",
            Assert.Throws<SaidException>(() => TrainingText.Read("x.txt", "a"u8)).Message);
        string text = new('x', 2000);
        Assert.Equal(text, TrainingText.Read("x.txt", [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(text)]));
    }

    [Theory]
    [InlineData("\n\n  Once upon a time there was\nmore", "Once upon a time")]
    [InlineData("从前有一个国王", "从前有一个国王")]
    [InlineData("", "")]
    public void Samples_go_on_from_the_beginning(string text, string beginning) =>
        Assert.Equal(beginning, TrainingText.BeginningOf(text));

    [Theory]
    [InlineData("My model!", "My-model")]
    [InlineData("../../etc/passwd", "etc-passwd")]
    [InlineData("莎士比亚 2", "莎士比亚-2")]
    [InlineData("///", "trained")]
    public void Titles_become_names_that_can_stand_in_requests(string title, string name) =>
        Assert.Equal(name, TrainingWork.NameFor(title));

    [Fact]
    public void Every_size_makes_a_recipe_that_train_reads()
    {
        using var folder = new TempFolder();
        foreach (string text in (string[])["a text", "one\n<|endoftext|>\ntwo"])
        {
            File.WriteAllText(Path.Combine(folder.Path, TrainingPlan.TextName), text);
            foreach (TrainingSize size in TrainingSize.All)
            {
                var plan = new TrainingPlan("x", size, 100, "");
                string path = Path.Combine(folder.Path, TrainingPlan.RecipeName);
                File.WriteAllText(path, plan.ToRecipe(text).ToJsonString());
                TrainingRecipe recipe = TrainingRecipe.Load(path);
                Assert.Equal(100, recipe.MaxSteps);
                Assert.Equal(text.Contains('<'), recipe.TrainFiles[0].File.Marker is not null);
                Assert.True(MachineMemory.Measure().HoldsWeights(recipe));
            }
        }
    }
}
