namespace Seriatim.Models.Tests;

/// <summary>What the other model does not have (token types) adds nothing.</summary>
internal sealed class Zeros : IWeightSource
{
    public Parameter Make(ParameterRequest request) => request.NewParameter();

    public QuantizedMatrix? MakeQuantized(ParameterRequest request) => null;

    public void Complete(NameTable names)
    {
    }
}
