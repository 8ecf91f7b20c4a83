namespace Seriatim.Tensors;

/// <summary>The shape checks that ops share.</summary>
internal static class OpShapes
{
    public static void Require(Tensor tensor, int rows, int columns, string operation, string operand) =>
        ShapeMismatchException.Require(
            tensor.Rows == rows && tensor.Columns == columns, operation, operand, $"{tensor}", $"[{rows}, {columns}]");

    public static void RequireSame(Tensor a, Tensor b, string operation, string operand) =>
        Require(b, a.Rows, a.Columns, operation, operand);

    /// <summary>Requires the columns of <paramref name="x"/>; <paramref name="why"/> says where the number comes from.</summary>
    public static void RequireColumns(Tensor x, int columns, string operation, string operand, object why) =>
        ShapeMismatchException.Require(x.Columns == columns, operation, operand, $"{x}", $"[*, {columns}] ({why})");
}
