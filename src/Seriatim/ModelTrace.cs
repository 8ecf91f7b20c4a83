using System.Diagnostics;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim;

/// <summary>
/// Watches a model at work: the ops inside its passes (<see cref="TracingOps"/>), and the passes from outside. Time between two passes counts
/// as sampling, idle time included, so read it after a run without pauses.
/// </summary>
public sealed class ModelTrace
{
    private readonly TracingOps _ops;
    private readonly TracedModel _model;

    internal ModelTrace(Model model, IOps ops)
    {
        _ops = new TracingOps(ops);
        _model = new TracedModel(new LoadedModel(model, _ops));
    }

    internal IGenerationModel Model => _model;

    /// <summary>The times so far.</summary>
    public LatencySplit Read()
    {
        TimeSpan attention = _ops.Read(TracedPart.Attention), feedForward = _ops.Read(TracedPart.FeedForward);
        TimeSpan norms = _ops.Read(TracedPart.Norms), projection = _ops.Read(TracedPart.Projection);
        TimeSpan prepare = _model.Inside - attention - feedForward - norms - projection;
        return new LatencySplit(prepare > TimeSpan.Zero ? prepare : TimeSpan.Zero, attention, feedForward, norms, projection, _model.Between, _model.Steps);
    }

    /// <summary>The engine's model, with a clock at its door. Written by the engine's thread; readers may be one step late.</summary>
    private sealed class TracedModel(IGenerationModel inner) : IGenerationModel
    {
        private long _inside;
        private long _between;
        private long _steps;
        private long _left;

        public TimeSpan Inside => Stopwatch.GetElapsedTime(0, Volatile.Read(ref _inside));

        public TimeSpan Between => Stopwatch.GetElapsedTime(0, Volatile.Read(ref _between));

        public long Steps => Volatile.Read(ref _steps);

        public ModelCapability Capability => inner.Capability;

        public int VocabularySize => inner.VocabularySize;

        public int ContextLength => inner.ContextLength;

        public int Outputs => inner.Outputs;

        public long BytesPerPosition(KeyValueType type) => inner.BytesPerPosition(type);

        public PagePool NewPagePool(int pageSize, int pages, KeyValueType type) => inner.NewPagePool(pageSize, pages, type);

        public PagePool NewCrossPagePool(int pageSize, int pages, KeyValueType type) => inner.NewCrossPagePool(pageSize, pages, type);

        public SequenceLimits LimitsOf(SequenceTerms terms) => inner.LimitsOf(terms);

        public SequenceTerms MemoryVariant(SequenceTerms terms) => inner.MemoryVariant(terms);

        public Tensor Encode(RaggedBatch batch) => Time(() => inner.Encode(batch), 0);

        public Tensor Forward(RaggedBatch batch, Tensor? encoded) => Time(() => inner.Forward(batch, encoded), 1);

        public Tensor Project(Tensor hidden, ReadOnlyMemory<int> rows) => Time(() => inner.Project(hidden, rows), 0);

        private Tensor Time(Func<Tensor> run, int steps)
        {
            long start = Stopwatch.GetTimestamp();
            if (_left != 0)
                Volatile.Write(ref _between, _between + start - _left);
            Tensor result = run();
            _left = Stopwatch.GetTimestamp();
            Volatile.Write(ref _inside, _inside + _left - start);
            Volatile.Write(ref _steps, _steps + steps);
            return result;
        }
    }
}
