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
        var expected = new List<string>();
        await foreach (string text in translator.TranslateManyAsync(texts, beams, maxNewTokens: 12))
            expected.Add(text);
        using Model model = Model.Load(temp.Path, new ModelLoadOptions { Storage = WeightStorage.F32 });
        using IDifferentiableOps ops = CpuOps.Create(1);
        Tokenizer tokenizer = Tokenizer.Load(temp.Path);
        IReadOnlyList<string> made = TrainingGenerator.Generate(new GenerationTask(
            model, ops, tokenizer, [.. texts.Select(t => (ReadOnlyMemory<int>)tokenizer.Encode(t))], MaxLength: 12, beams), default);
        Assert.Equal(expected, made);
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
