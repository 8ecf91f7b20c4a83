using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary>A model that is checked: its weights, its tokenizer if it has one, and its logits for ids.</summary>
internal sealed class CheckedModel : IDisposable
{
    private CheckedModel(string name, string folder, Model model, Tokenizer? tokenizer, string? noTokenizer)
    {
        (Name, Folder, Model, Tokenizer, NoTokenizer) = (name, folder, model, tokenizer, noTokenizer);
        Step = Model.Spec.Last.Visibility == Visibility.Full || Model.Spec.MaskPredict is not null
            ? null
            : Model.Spec.Encoder is null ? "a decoder" : "the decoder of an encoder-decoder";
    }

    public string Name { get; }

    /// <summary>The folder, or the file, that the name stood for.</summary>
    public string Folder { get; }

    public Model Model { get; }

    public Tokenizer? Tokenizer { get; }

    /// <summary>Why there is no tokenizer.</summary>
    public string? NoTokenizer { get; }

    /// <summary>What goes on token by token in it; null: nothing does.</summary>
    public string? Step { get; }

    private int? Start =>
        Model.Config.DecoderStartTokenId ?? Model.Config.BosTokenId ?? Model.Config.EosTokenIds.FirstOrDefault();

    /// <summary>Loads weights and tokenizer.</summary>
    public static CheckedModel Load(string name, string folder, WeightStorage storage)
    {
        Model model = Model.Load(folder, new ModelLoadOptions { Storage = storage });
        try
        {
            return new CheckedModel(name, folder, model,
                model.Config.Metadata is { } metadata ? Tokenizer.FromGguf(metadata) : Tokenizer.Load(folder), null);
        }
        catch (Exception failure) when (failure is SeriatimException or IOException)
        {
            // A model may be checked without one.
            return new CheckedModel(name, folder, model, null, failure.Message);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Ids of a text, at most so many; of a model without a tokenizer ids all over its vocabulary.</summary>
    public int[] Ids(string text, int most)
    {
        int known = Model.Spec.Last.Vocabulary;
        int[] ids = Tokenizer?.Encode(text) ?? [.. Enumerable.Range(0, most).Select(i => (int)((i * 2654435761L + 7) % known))];
        int[] kept = [.. ids.Where(id => id < known).Take(Math.Min(most, Model.Spec.Context))];
        return kept.Length > 0 ? kept : [0];
    }

    /// <summary>Logits of all rows, without a memory: <c>[rows][columns]</c>, one after another.</summary>
    public (float[] Values, int Columns) Logits(IOps ops, int[] ids)
    {
        var builder = new RaggedBatchBuilder();
        if (Model.Spec.Encoder is null || Model.Spec.Decoder is null)
        {
            RaggedBatch batch = (Model.Spec.Last.Visibility == Visibility.Full
                ? builder.AddEncoder(ids) : builder.Add(ids, outputs: Outputs.All)).Build();
            using Tensor hidden = Model.Forward(ops, batch);
            return Project(ops, hidden, batch);
        }

        RaggedBatch source = builder.AddEncoder(ids).Build();
        using Tensor encoded = Model.Encode(ops, source);
        builder.Clear();
        var all = new EncoderRows(0, ids.Length);
        int[] target = Target(ids);
        RaggedBatch wanted = (Model.Spec.MaskPredict is null
            ? builder.Add(target, outputs: Outputs.All, encoder: all) : builder.AddTarget(target, all)).Build();
        using Tensor rows = Model.Forward(ops, wanted, encoded);
        return Project(ops, rows, wanted);
    }

    /// <summary>The same, one row after another with a memory.</summary>
    public float[] LogitsByStep(IOps ops, int[] ids)
    {
        bool encodes = Model.Spec.Encoder is not null;
        int[] target = encodes ? Target(ids) : ids;
        using Tensor? encoded = encodes ? Model.Encode(ops, new RaggedBatchBuilder().AddEncoder(ids).Build()) : null;
        int pages = (target.Length + 15) / 16 + 1;
        using MemoryPools pools = Model.NewMemoryPools(16, pages, states: 8, crossPages: (ids.Length + 15) / 16 + 1);
        using SequenceMemory memory = Model.NewMemory(pools, new SequenceTerms { DeclaredLength = target.Length });
        var values = new List<float>();
        for (int step = 0; step < target.Length; step++)
        {
            RaggedBatch batch = new RaggedBatchBuilder().Add([target[step]], memory, outputs: Outputs.All,
                encoder: encodes && step == 0 ? new EncoderRows(0, ids.Length) : null).Build();
            using Tensor hidden = Model.Forward(ops, batch, step == 0 ? encoded : null);
            memory.Commit(1);
            values.AddRange(Project(ops, hidden, batch).Values);
        }

        return [.. values];
    }

    public void Dispose() => Model.Dispose();

    private int[] Target(int[] ids) => [Start ?? 0, .. ids.Take(Math.Min(ids.Length, Model.Spec.Context) - 1)];

    private (float[] Values, int Columns) Project(IOps ops, Tensor hidden, RaggedBatch batch)
    {
        if (Model.Spec.Task == ModelTask.Encoding)
            return (hidden.ToArray(), hidden.Columns);
        using Tensor logits = Model.Project(ops, hidden, batch.OutputRows);
        return (logits.ToArray(), logits.Columns);
    }
}
