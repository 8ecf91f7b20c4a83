using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;
using Seriatim.Training;

namespace Seriatim.Tests;

public sealed class TrainingGeneratorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task It_writes_what_the_translator_writes(int beams)
    {
        using var temp = new TempFolder();
        TinyModels.WriteMarian(temp.Path);
        string[] texts = [.. Enumerable.Range(0, 9).Select(i => $"the cat number {i} sang")];
        using var translator = await Translator.OpenAsync(temp.Path);
        List<string> expected = await translator.TranslateManyAsync(texts, new() { Beams = beams, MaxNewTokens = 12 }).Select(t => t.Text).ToListAsync();
        using Model model = Model.Load(temp.Path, new ModelLoadOptions { Storage = WeightStorage.F32 });
        using IDifferentiableOps ops = CpuOps.Create(1);
        Tokenizer tokenizer = Tokenizer.Load(temp.Path);
        IReadOnlyList<string> made = TrainingGenerator.Generate(new GenerationTask(
            model, ops, tokenizer, [.. texts.Select(t => (ReadOnlyMemory<int>)tokenizer.Encode(t))], MaxLength: 12, beams), default);
        Assert.Equal(expected, made);
    }

    [Fact]
    public async Task It_fills_in_whole_targets_of_models_that_do_so()
    {
        using var temp = new TempFolder();
        TinyModels.WriteMaskPredict(temp.Path);
        string[] texts = [.. Enumerable.Range(0, 9).Select(i => $"the cat number {i} sang")];
        using var translator = await Translator.OpenAsync(temp.Path);
        var options = new TranslationOptions { Prefix = "", LengthCandidates = 1, MaxNewTokens = 12 };
        List<string> expected = await translator.TranslateManyAsync(texts, options).Select(t => t.Text).ToListAsync();
        using Model model = Model.Load(temp.Path, new ModelLoadOptions { Storage = WeightStorage.F32 });
        using IDifferentiableOps ops = CpuOps.Create(1);
        Tokenizer tokenizer = Tokenizer.Load(temp.Path);
        var task = new GenerationTask(
            model, ops, tokenizer, [.. texts.Select(t => (ReadOnlyMemory<int>)tokenizer.Encode(t))], MaxLength: 12, Beams: 1);
        Assert.Equal(expected, TrainingGenerator.Generate(task, default));
        Assert.Contains("generation_num_beams", Assert.Throws<ArgumentException>(() =>
            TrainingGenerator.Generate(task with { Beams = 4 }, default)).Message);
    }

    [Fact]
    public void It_can_be_cancelled()
    {
        using var temp = new TempFolder();
        TinyModels.WriteMarian(temp.Path);
        using Model model = Model.Load(temp.Path, new ModelLoadOptions { Storage = WeightStorage.F32 });
        using IDifferentiableOps ops = CpuOps.Create(1);
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => TrainingGenerator.Generate(
            new GenerationTask(model, ops, Tokenizer.Load(temp.Path), [new[] { 5, 6 }], 12, 1), source.Token));
    }
}
