using System.Numerics;

namespace Seriatim.Tokenizers;

/// <summary>Something a template can call: a function, a bound method, a macro, a loop.</summary>
internal interface ITemplateCallable
{
    /// <summary>Calls it.</summary>
    object? Call(ExpressionEvaluator run, TemplateArguments arguments, int line);
}

/// <summary>A row of the tables of filters, tests, methods and functions.</summary>
/// <param name="Name">What templates call it.</param>
/// <param name="Signature">Its parameters.</param>
/// <param name="Body">What it does.</param>
internal sealed record TemplateRoutine(string Name, TemplateSignature Signature, Func<TemplateCall, object?> Body)
{
    /// <summary>Makes a row.</summary>
    public TemplateRoutine(string name, string signature, Func<TemplateCall, object?> body)
        : this(name, new TemplateSignature(signature), body)
    {
    }

    /// <summary>Applies it to a subject: the value before a filter or test, the owner of a method.</summary>
    public object? Apply(ExpressionEvaluator run, object? subject, TemplateArguments arguments, int line) =>
        Body(new TemplateCall(run, Name, subject, Signature.Bind(Name, arguments, line), arguments, line));
}

/// <summary>A routine together with its subject.</summary>
internal sealed record TemplateFunction(TemplateRoutine Routine, object? Subject = null) : ITemplateCallable
{
    /// <inheritdoc/>
    public object? Call(ExpressionEvaluator run, TemplateArguments arguments, int line) =>
        Routine.Apply(run, Subject, arguments, line);
}

/// <summary>One call of a routine, with its arguments in the places of its parameters.</summary>
internal readonly struct TemplateCall(ExpressionEvaluator run, string name, object? subject, object?[] bound,
    TemplateArguments given, int line)
{
    /// <summary>The name of the routine.</summary>
    public string Routine => name;

    /// <summary>Who evaluates.</summary>
    public ExpressionEvaluator Run => run;

    /// <summary>What the rendering may use.</summary>
    public TemplateBudget Budget => run.Budget;

    /// <summary>What the filter, test or method is applied to.</summary>
    public object? Subject => subject;

    /// <summary>The arguments as they were given.</summary>
    public TemplateArguments Given => given;

    /// <summary>The line of the call.</summary>
    public int Line => line;

    /// <summary>The argument of a parameter.</summary>
    public object? this[int place] => bound[place];

    /// <summary>Whether it was given.</summary>
    public bool Has(int place) => !ReferenceEquals(bound[place], TemplateArguments.Missing);

    /// <summary>The argument, or what stands for it.</summary>
    public object? Or(int place, object? otherwise) => Has(place) ? bound[place] : otherwise;

    /// <summary>Whether it counts as true.</summary>
    public bool Truth(int place) => Has(place) && TemplateValue.Truth(bound[place]);

    /// <summary>An argument that has to be a string.</summary>
    public string Text(int place) => bound[place] as string ?? throw Wrong(place, "a string");

    /// <summary>An argument that has to be a string, if it is given and not none.</summary>
    public string? TextOr(int place, string? otherwise) => Or(place, null) is null ? otherwise : Text(place);

    /// <summary>An argument that has to be an integer.</summary>
    public long Integer(int place, long otherwise) => Or(place, otherwise) switch
    {
        long integer => integer,
        bool flag => flag ? 1 : 0,
        BigInteger large => large.Sign < 0 ? long.MinValue : long.MaxValue,
        _ => throw Wrong(place, "an integer"),
    };

    /// <summary>What printing a value gives.</summary>
    public string Print(object? value) => TemplatePrinter.Print(value, run.Budget, line);

    /// <summary>The subject as a string, as most filters of text see it.</summary>
    public string Printed() => subject is TemplateMarkup
        ? throw Refuse("does not work on text that was escaped; escape at the end") : Print(subject);

    /// <summary>The items of the subject.</summary>
    public IReadOnlyList<object?> Items() => run.Items(subject, line);

    /// <summary>An error that names the routine.</summary>
    public ChatTemplateException Refuse(string problem) => new($"{name} {problem}", line);

    private ChatTemplateException Wrong(int place, string needed) =>
        Refuse($"needs {needed} as argument {place + 1}, not {TemplateValue.TypeOf(bound[place])}");
}

/// <summary>Rows by name.</summary>
internal sealed class TemplateTable(params TemplateRoutine[] rows)
{
    private readonly Dictionary<string, TemplateRoutine> _rows = rows.ToDictionary(row => row.Name, StringComparer.Ordinal);

    /// <summary>Finds a row.</summary>
    public TemplateRoutine? Find(string name) => _rows.GetValueOrDefault(name);

    /// <summary>This table and another.</summary>
    public TemplateTable And(TemplateTable other) => new([.. _rows.Values, .. other._rows.Values]);
}
