namespace Seriatim.Generation;

/// <summary>
/// The order in which the places that a text may stand at are visited, such that all that lead to a place without a byte come
/// before it. There is one, since no rule begins with itself (<see cref="GrammarAnalysis"/>) and what can be empty is passed over
/// where it is called: so each place is visited once, with all stacks, however many ways lead there.
/// </summary>
internal sealed class GrammarOrder
{
    private readonly GrammarProgram _program;
    private readonly int[] _order;
    private readonly bool[] _returns;
    private readonly bool[] _empty;
    private readonly bool[] _reads;

    public GrammarOrder(GrammarProgram program)
    {
        _program = program;
        (_order, _returns) = (new int[program.Length], new bool[program.Length]);
        (_empty, _reads) = (new bool[program.Length], new bool[program.Length]);
        int number = program.Length;
        byte[] stages = new byte[program.Length];
        var way = new Stack<(int Index, int Target)>();
        for (int start = 0; start < program.Length; start++)
        {
            Enter(start);
            while (way.TryPop(out (int Index, int Target) at))
            {
                // The targets come first: whether they can be empty tells whether what follows can be reached.
                if (at.Target < TargetsOf(at.Index))
                {
                    way.Push((at.Index, at.Target + 1));
                    Enter(TargetOf(at.Index, at.Target));
                }
                else if (stages[at.Index] == 1 && PassesOn(at.Index))
                {
                    stages[at.Index] = 2;
                    way.Push(at);
                    Enter(program[at.Index].Next);
                }
                else
                {
                    stages[at.Index] = 3;
                    _returns[at.Index] = Returns(at.Index);
                    _order[at.Index] = number--;
                }
            }
        }

        void Enter(int index)
        {
            if (stages[index] == 3)
                return;
            if (stages[index] != 0)
                throw new InvalidOperationException($"Instruction {index} leads to itself without a byte.");
            stages[index] = 1;
            way.Push((index, 0));
        }
    }

    /// <summary>Whether an instruction reads a byte or a special token, and nothing else can come of it.</summary>
    public bool OnlyReads(int index) => _reads[index];

    /// <summary>Whether what an instruction reads, calls or repeats can be empty.</summary>
    public bool CanBeEmpty(int index) => _empty[index];

    /// <summary>Whether nothing need be read from a place on to the end of its rule.</summary>
    public bool CanReturn(int index, int rounds) => IsLate(index, rounds) ? _returns[_program[index].Next] : _returns[index];

    /// <summary>The number of a place.</summary>
    public long Of(int index, int rounds) => IsLate(index, rounds)
        ? ((long)index - int.MaxValue << 32) + rounds : ((long)_order[index] << 32) + rounds;

    /// <summary>
    /// Whether a loop may go on only because of the bytes that its rounds have read: nothing leads there without a byte.
    /// </summary>
    private bool IsLate(int index, int rounds) => rounds > 0 && !_empty[index]
        && _program[index] is { Step: GrammarStep.Loop } loop && rounds >= loop.Min;

    private int TargetsOf(int index) => _program[index].Targets.Length;

    private int TargetOf(int index, int target) => _program[index].Step == GrammarStep.Call
        ? _program.StartOf(_program[index].Targets[target]) : _program[index].Targets[target];

    /// <summary>Whether what follows an instruction is reached without a byte; its targets are known.</summary>
    private bool PassesOn(int index)
    {
        GrammarInstruction instruction = _program[index];
        switch (instruction.Step)
        {
            case GrammarStep.Special:
            case GrammarStep.Terminal when instruction.Later is not null:
                _reads[index] = true;
                return false;
            case GrammarStep.Terminal:
                _empty[index] = instruction.Terminal!.MayEnd(instruction.Terminal.Start);
                _reads[index] = !_empty[index] && instruction.Terminal.MayGoOn(instruction.Terminal.Start);
                return _empty[index];
            case GrammarStep.Call or GrammarStep.Loop:
                _empty[index] = _returns[TargetOf(index, 0)];
                return _empty[index] || (instruction.Step == GrammarStep.Loop && instruction.Min == 0);
            default:
                return false;
        }
    }

    private bool Returns(int index) => _program[index].Step switch
    {
        GrammarStep.Return => true,
        GrammarStep.Split => _program[index].Targets.Any(target => _returns[target]),
        _ => PassesOn(index) && _returns[_program[index].Next],
    };
}
