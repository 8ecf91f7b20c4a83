using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim;

/// <summary>
/// Watches a model at work: the ops inside its passes (<see cref="OpTimes"/>), and what the engine measures of its own steps.
/// </summary>
public sealed class ModelTrace
{
    private readonly OpTimes _times = new();
    private readonly TracedModel _model;

    internal ModelTrace(Model model, IDifferentiableOps ops) =>
        _model = new TracedModel(new LoadedModel(model, new ObservedOps(ops, _times)));

    internal IGenerationModel Model => _model;

    /// <summary>The engine that runs the model.</summary>
    internal GenerationEngine? Engine { get; set; }

    /// <summary>The times so far.</summary>
    public LatencySplit Read()
    {
        TimeSpan attention = _times.Of(OpPart.Attention), feedForward = _times.Of(OpPart.FeedForward);
        TimeSpan norms = _times.Of(OpPart.Norms), projection = _times.Of(OpPart.Projection);
        EngineTimes engine = Engine?.Times ?? default;
        TimeSpan prepare = engine.Passes - attention - feedForward - norms - projection;
        return new LatencySplit
        {
            Prepare = prepare > TimeSpan.Zero ? prepare : TimeSpan.Zero,
            Attention = attention,
            FeedForward = feedForward,
            Norms = norms,
            Projection = projection,
            Sampling = engine.Sampling,
            Scheduling = engine.Scheduling,
            Steps = _model.Steps,
        };
    }

    /// <summary>
    /// The engine's model, with a counter at its door. Written by the engine's thread; readers may be one step late.
    /// </summary>
    private sealed class TracedModel(IGenerationModel inner) : DelegatingModel(inner)
    {
        private long _steps;

        public long Steps => Volatile.Read(ref _steps);

        public override Tensor Forward(RaggedBatch batch, Tensor? encoded)
        {
            Volatile.Write(ref _steps, _steps + 1);
            return base.Forward(batch, encoded);
        }
    }
}
