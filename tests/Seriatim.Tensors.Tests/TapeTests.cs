namespace Seriatim.Tensors.Tests;

/// <summary>What a tape keeps, and that no gradient ends in silence.</summary>
public sealed class TapeTests
{
    [Fact]
    public void What_backward_does_not_read_is_given_back_at_once()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using var tape = new Tape(ops);
        using Tensor x = Tensor.Zeros(4, 8);
        tape.Watch(x);
        using var angles = new RopeRows(Tensor.Zeros(4, 2), Tensor.Zeros(4, 2), 4, RopePairing.HalfSplit);
        var all = new List<Tensor> { tape.Scale(x, 2) };
        all.Add(tape.Add(all[^1], x));
        all.Add(tape.Dropout(all[^1], new DropoutMask(0.5f, 1)));
        all.Add(tape.Rope(all[^1], angles));
        all.Add(tape.GatherRows(all[^1], new[] { 0, 1, 2, 3 }));
        all.Add(tape.Activate(all[^1], Activation.Silu)); // reads its operand
        all.Add(tape.SoftCap(all[^1], 3)); // reads its result
        all.Add(tape.Scale(all[^1], 2));
        foreach (Tensor tensor in all)
            tensor.Dispose();
        bool[] kept = [.. all.Select(IsAlive)];
        Assert.Equal([false, false, false, false, true, false, true, false], kept);
        tape.Backward(all[^1]);
        Assert.Equal(4, tape.GradientOf(x)!.Rows);
        Assert.DoesNotContain(true, all.Select(IsAlive));
    }

    /// <summary>An op that was called past the tape by mistake would stop all gradients before it.</summary>
    [Fact]
    public void A_gradient_that_ends_where_the_tape_made_nothing_is_an_error()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using var tape = new Tape(ops);
        using Tensor x = Tensor.Zeros(4, 8);
        tape.Watch(x);
        using Tensor first = tape.Scale(x, 2);
        using Tensor past = ops.Scale(first, 3);
        using Tensor last = tape.Scale(past, 4);
        string message = Assert.Throws<InvalidOperationException>(() => tape.Backward(last)).Message;
        Assert.Contains("[4, 8]", message);
        Assert.Contains("Watch", message);

        using Tensor other = ops.Scale(x, 2);
        Assert.Throws<InvalidOperationException>(() => tape.Backward(other));
        tape.Watch(past);
        using Tensor again = tape.Scale(past, 4);
        tape.Backward(again);
        Assert.Equal(4, tape.GradientOf(past)!.Span[0]);
    }

    /// <summary>Of a chain of coupled parts the last result is kept, until the backward pass goes back along it.</summary>
    [Fact]
    public void Coupled_parts_keep_the_last_result_alone()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using var tape = new Tape(ops);
        using Tensor x = Tensor.From([1, 2, 3, 4, 5, 6, 7, 8], 2, 4);
        tape.Watch(x);
        var weight = new Parameter("w", 2, 2, ParameterLayout.Panels);
        weight.WriteRow(0, [0.5f, -1]);
        weight.WriteRow(1, [2, 0.25f]);
        LinearWeight linear = LinearWeight.FromPanels(weight);
        var all = new List<Tensor> { HashedCases.Couple(tape, x, linear, linear) };
        for (int i = 0; i < 3; i++)
            all.Add(HashedCases.Couple(tape, all[^1], linear, linear));
        foreach (Tensor tensor in all)
            tensor.Dispose();
        Assert.Equal([false, false, false, true], all.Select(IsAlive));
        tape.Backward(all[^1]);
        Assert.Equal(2, tape.GradientOf(x)!.Rows);
        Assert.DoesNotContain(true, all.Select(IsAlive));
    }

    /// <summary>Who leaves a chain of coupled parts before its end has no result to go back from.</summary>
    [Fact]
    public void A_chain_of_coupled_parts_is_gone_back_along_from_its_end()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using var tape = new Tape(ops);
        using Tensor x = Tensor.Zeros(2, 4);
        tape.Watch(x);
        LinearWeight linear = LinearWeight.FromPanels(new Parameter("w", 2, 2, ParameterLayout.Panels));
        using Tensor first = HashedCases.Couple(tape, x, linear, linear);
        using Tensor second = HashedCases.Couple(tape, first, linear, linear);
        Assert.Contains("[2, 4]", Assert.Throws<InvalidOperationException>(() => tape.Backward(first)).Message);
    }

    private static bool IsAlive(Tensor tensor)
    {
        try
        {
            return tensor.Span.Length > 0;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }
}
