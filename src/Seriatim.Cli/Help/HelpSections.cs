using System.CommandLine;
using System.Runtime.CompilerServices;

namespace Seriatim.Cli;

/// <summary>Headings under which the full help puts flags.</summary>
internal static class HelpSections
{
    private static readonly ConditionalWeakTable<Option, string> Sections = [];

    /// <summary>Adds options to a command, under a heading.</summary>
    public static void Add(this Command command, string section, IEnumerable<Option> options)
    {
        foreach (Option option in options)
        {
            Sections.AddOrUpdate(option, section);
            command.Add(option);
        }
    }

    /// <summary>The heading of an option; null: the first part of the page.</summary>
    public static string? Of(Option option) => Sections.TryGetValue(option, out string? section) ? section : null;
}
