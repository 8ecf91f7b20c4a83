namespace Seriatim.Cli;

/// <summary>A way to measure a model, which it closes in the end.</summary>
internal interface IEvaluation : IDisposable
{
    /// <summary>How far it is.</summary>
    string Progress { get; }

    /// <summary>Measures.</summary>
    Task<EvaluationReport> RunAsync(CancellationToken cancellation);
}
