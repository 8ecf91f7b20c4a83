using System.CommandLine;
using System.Text.Json;
using Seriatim.Models;
using Seriatim.Tensors;
using Spectre.Console;

namespace Seriatim.Cli;

/// <summary><c>seriatim inspect</c>: what a model is, and what it will take.</summary>
internal static class InspectCommand
{
    public static Command Build()
    {
        Option<string> model = SharedOptions.Model();
        var context = new Option<int?>("--ctx-size", "-c")
        {
            Description = "Length at which the KV cache is sized (default: the model's context).",
        };
        var tensors = new Option<bool>("--tensors") { Description = "List every parameter with its shape and size." };
        Option<int?> stages = Flag.Maybe<int?>("Show how the layers are cut across so many processes (mpirun -np N), and what "
            + "each has; nothing is loaded.", "n", "--stages");
        Option<bool> json = SharedOptions.Json("one JSON object");
        var command = new Command("inspect", "Show a model's architecture, size and memory needs.")
        {
            model, context, tensors, stages, json
        };
        command.SetAction(async (result, cancellation) =>
        {
            string name = result.GetRequiredValue(model);
            if (result.GetValue(stages) is { } processes)
            {
                result.Require(false, "a model that is loaded (leave --stages out)", context, tensors);
                return Cut(name, await ModelFolder.ResolveAsync(name, cancellation), processes, result.GetValue(json));
            }

            return Run(name, await ModelFolder.ResolveAsync(name, cancellation), result.GetValue(context),
                result.GetValue(tensors), result.GetValue(json));
        });
        return command;
    }

    private static int Run(string name, string folder, int? context, bool tensors, bool json)
    {
        using var model = Model.Load(folder);
        int length = context ?? (model.Spec.Context == int.MaxValue ? 2048 : model.Spec.Context);
        if (length < 1)
            throw new UsageException($"--ctx-size is {length}; it must be at least 1.");
        if (length > model.Spec.Context)
            throw new UserErrorException($"--ctx-size is {length}; the context of this model is {model.Spec.Context}.");
        ModelReport report = ModelReport.Of(model, name, length);
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(report, CliJson.Lines.ModelReport));
        else
            Print(report);
        if (tensors && !json)
            PrintTensors(model);
        return ExitCodes.Success;
    }

    private static int Cut(string name, string folder, int processes, bool json)
    {
        if (processes < 1)
            throw new UsageException($"--stages is {processes}; it must be at least 1.");
        StagePlan plan = StagePlan.Of(name, folder, processes);
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(plan, CliJson.Lines.StagePlan));
            return ExitCodes.Success;
        }

        foreach (StagePlanLine line in plan.Stages)
            Console.Out.WriteLine(line);
        return ExitCodes.Success;
    }

    private static void Print(ModelReport report)
    {
        var grid = new Grid().AddColumn().AddColumn();
        foreach ((string name, string value) in report.Rows())
            grid.AddRow(new Markup($"[grey]{name.EscapeMarkup()}[/]"), new Text(value));
        Terminal.Output.Write(grid);
    }

    private static void PrintTensors(Model model)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn("tensor").AddColumn("shape").AddColumn("stored")
            .AddColumn(new TableColumn("size").RightAligned());
        foreach (ModelParameter p in model.Parameters)
        {
            string shape = p.IsVector ? $"[{p.Parameter.Columns}]" : $"[{p.Parameter.Rows}, {p.Parameter.Columns}]";
            table.AddRow(new Text(p.Place.Name), new Text(shape), new Text($"{p.Parameter.Data.Type}"),
                new Text(Terminal.Bytes(p.Parameter.Data.Bytes)));
        }

        foreach (QuantizedMatrix m in model.Matrices)
        {
            table.AddRow(new Text(m.Name), new Text($"[{m.Rows}, {m.Columns}]"), new Text($"{m.Type}"),
                new Text(Terminal.Bytes(m.Bytes)));
        }

        Terminal.Output.Write(table);
        foreach (SkippedTensor skipped in model.SkippedTensors)
            Console.Out.WriteLine($"skipped: {skipped.Name} ({skipped.Reason})");
    }
}
