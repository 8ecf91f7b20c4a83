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

    /// <summary>Requires a parameter that a step of an optimizer can change.</summary>
    public static void RequireTrainable(Parameter parameter, string operation)
    {
        if (parameter.Master.Type != DataType.F32)
        {
            throw new ArgumentException(
                $"{operation}: {parameter} is stored as {parameter.Master.Type}; only F32 parameters can be trained.");
        }
    }

    /// <summary>What calls say that make no tensor when somebody asks for the shape of one.</summary>
    public static ArgumentOutOfRangeException NoResult(string operation) =>
        new($"{operation} changes its operands and makes no tensor.");
}
