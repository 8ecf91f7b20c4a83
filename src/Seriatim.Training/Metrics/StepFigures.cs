namespace Seriatim.Training;

/// <summary>What one step of the optimizer did.</summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="Loss">Mean loss of its labels in nats.</param>
/// <param name="Norm">Norm of the gradient before clipping.</param>
/// <param name="Rate">The learning rate.</param>
/// <param name="Rows">Rows of its batches.</param>
/// <param name="Flops">Operations of its passes; 0 if they are not counted.</param>
/// <param name="Accuracy">Share of its labels that were the most likely id, if the step is logged.</param>
internal readonly record struct StepFigures(long Step, double Loss, double Norm, double Rate, long Rows, double Flops,
    double Accuracy = 0);
