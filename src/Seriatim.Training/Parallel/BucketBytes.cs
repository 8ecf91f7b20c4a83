using System.Runtime.InteropServices;

namespace Seriatim.Training;

/// <summary>Tensors one behind the other as the bytes of a message, in their order in memory.</summary>
internal static class BucketBytes
{
    /// <summary>The elements of some tensors.</summary>
    public static byte[] Of(IEnumerable<Tensor> tensors, int bytes) => Of(tensors.Select(t => ((Tensor?)t, t.Bytes)), bytes);

    /// <summary>The gradients of some parameters; zeros for those that nothing reached.</summary>
    public static byte[] OfGradients(IEnumerable<Parameter> parameters, int bytes) =>
        Of(parameters.Select(p => (p.Gradient, p.Master.Bytes)), bytes);

    /// <summary>Sets the elements of some tensors.</summary>
    public static void Into(ReadOnlySpan<byte> message, IEnumerable<Tensor> tensors)
    {
        foreach (Tensor tensor in tensors)
        {
            int bytes = (int)tensor.Bytes;
            tensor.Device.Write(tensor, MemoryMarshal.Cast<byte, float>(message[..bytes]));
            message = message[bytes..];
        }
    }

    private static byte[] Of(IEnumerable<(Tensor? Tensor, long Bytes)> parts, int bytes)
    {
        byte[] message = GC.AllocateUninitializedArray<byte>(bytes);
        int at = 0;
        foreach ((Tensor? tensor, long length) in parts)
        {
            Span<byte> place = message.AsSpan(at, (int)length);
            if (tensor is null)
                place.Clear();
            else
                MemoryMarshal.AsBytes(tensor.Read().Values).CopyTo(place);
            at += place.Length;
        }

        return message;
    }
}
