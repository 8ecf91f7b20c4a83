namespace Seriatim.Conformance.Tests;

/// <summary>Every buffer that a forward or backward pass takes is given back.</summary>
public sealed class BufferTests
{
    /// <summary>What a layer takes in a step; models here have two at least.</summary>
    private const int BytesPerLayer = 8 * 1024;

    /// <summary>Who reads the text again in each step makes lists of who sees whom, of every row it reads.</summary>
    private const int BytesPerRowRead = 2048;

    public static IEnumerable<object[]> Models => TinyModels.Names.Select(name => new object[] { name });

    [Theory]
    [MemberData(nameof(Models))]
    public void NoBufferIsLost(string name)
    {
        IDifferentiableOps ops = OpsUnderTest.Get("cpu-512");
        Use(name, ops);
        long before = TensorPool.Shared.LiveBytes;
        Use(name, ops);
        Assert.Equal(before, TensorPool.Shared.LiveBytes);
    }

    /// <summary>A mistake of the caller in the middle of a pass: a length was to be declared.</summary>
    [Fact]
    public void NorIfAPassFails()
    {
        using Model model = TinyModels.Make("llama-dynamic");
        using MemoryPools pool = model.NewMemoryPools(4, 10);
        IDifferentiableOps ops = OpsUnderTest.Get("cpu-512");
        long before = TensorPool.Shared.LiveBytes;
        for (int i = 0; i < 3; i++)
        {
            using SequenceMemory memory = pool.NewMemory();
            RaggedBatch batch = new RaggedBatchBuilder().Add([1, 2, 3], memory).Build();
            Assert.ThrowsAny<Exception>(() => model.Forward(ops, batch));
        }

        using MemoryPools gone = model.NewMemoryPools(4, 10);
        using SequenceMemory declared = model.NewMemory(gone, new SequenceTerms { DeclaredLength = 20 });
        RaggedBatch late = new RaggedBatchBuilder().Add([1, 2, 3], declared).Build();
        gone.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Forward(ops, late));
        Assert.Equal(before, TensorPool.Shared.LiveBytes);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void DecodingStepsTakeLittleOfTheManagedHeap(string name)
    {
        using Model model = TinyModels.Make(name);
        using var session = new Session(model, OpsUnderTest.Get("cpu-512"), 16, 75);
        int[] text = TinyModels.Tokens(1, 75);
        session.Feed(text[..20]);
        for (int i = 20; i < 40; i++)
            session.Feed(text[i]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 40; i < 75; i++)
            session.Feed(text[i]);
        long perStep = (GC.GetAllocatedBytesForCurrentThread() - before) / 35;
        Measured.Note($"heap {name}", perStep);
        int rowsRead = model.Spec.Last.ReadsAgain ? (41 + 75) / 2 : 0;
        int layers = Math.Max(2, model.Spec.Last.Layers.Count);
        Assert.InRange(perStep, 0, layers * BytesPerLayer + rowsRead * BytesPerRowRead);
    }

    private static void Use(string name, IDifferentiableOps ops)
    {
        using Model model = TinyModels.Make(name);
        using (var session = new Session(model, ops, 4, 40))
        {
            session.Feed(TinyModels.Tokens(1, 9));
            session.FeedTree([1, 2, 3], [-1, 0, 0], [0, 2]);
        }

        using var tape = new Tape(ops);
        using Tensor? encoded = model.Spec.Encoder is null ? null : Sources.Encode(model, tape);
        EncoderRows? rows = encoded is null ? null : new EncoderRows(0, encoded.Rows);
        RaggedBatch batch = new RaggedBatchBuilder().Add(TinyModels.Tokens(1, 12), outputs: Outputs.All, encoder: rows).Build();
        using Tensor hidden = model.Forward(tape, batch, encoded);
        using Tensor loss = model.Loss(tape, hidden, TinyModels.Tokens(3, batch.Rows), new CrossEntropyOptions());
        tape.Backward(loss);
    }
}
