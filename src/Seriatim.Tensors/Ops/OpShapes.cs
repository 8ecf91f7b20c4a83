namespace Seriatim.Tensors;

/// <summary>The shape checks that ops share.</summary>
internal static class OpShapes
{
    public static void Require(Tensor tensor, int rows, int columns, string operation, string operand) =>
        ShapeMismatchException.Require(
            tensor.Rows == rows && tensor.Columns == columns, operation, operand, $"{tensor}", $"[{rows}, {columns}]");

    public static void RequireSame(Tensor a, Tensor b, string operation, string operand) =>
        Require(b, a.Rows, a.Columns, operation, operand);

    public static void RequireColumns(Tensor x, int columns, string operation, string operand, string why) =>
        ShapeMismatchException.Require(x.Columns == columns, operation, operand, $"{x}", $"[*, {columns}] ({why})");
}
