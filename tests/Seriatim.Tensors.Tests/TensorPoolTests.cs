using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Seriatim.Tensors.Tests;

/// <summary>What the pool of activations does with memory that nobody uses.</summary>
public sealed class TensorPoolTests
{
    private const long Size = 1 << 20;

    [Fact]
    public void An_idle_pool_gives_its_memory_back()
    {
        var time = new HandTime();
        var pool = new TensorPool(time);
        Use(pool);
        Assert.Equal(Size, pool.FreeBytes);
        time.Advance(TensorPool.IdleTime);
        Assert.Equal(Size, pool.FreeBytes); // the first look finds that it was used
        time.Advance(TensorPool.IdleTime / 2);
        Assert.Equal(0, pool.FreeBytes);
        Assert.False(time.Runs, "A clock runs for a pool in which nothing waits.");
    }

    [Fact]
    public void One_that_is_used_keeps_it()
    {
        var time = new HandTime();
        var pool = new TensorPool(time);
        for (int i = 0; i < 20; i++)
        {
            Use(pool);
            time.Advance(TensorPool.IdleTime / 2);
            Assert.Equal(Size, pool.FreeBytes);
        }

        time.Advance(2 * TensorPool.IdleTime);
        Assert.Equal(0, pool.FreeBytes);
        Use(pool); // and again
        Assert.Equal(Size, pool.FreeBytes);
        Assert.True(time.Runs);
        time.Advance(2 * TensorPool.IdleTime);
        Assert.Equal(0, pool.FreeBytes);
    }

    [Fact]
    public unsafe void What_is_in_use_stays()
    {
        var time = new HandTime();
        var pool = new TensorPool(time);
        byte* held = (byte*)pool.Rent(Size, out int sizeClass);
        Use(pool);
        held[17] = 5;
        time.Advance(3 * TensorPool.IdleTime);
        Assert.Equal((0, Size, (byte)5), (pool.FreeBytes, pool.LiveBytes, held[17]));
        pool.Return(held, sizeClass, Size);
        pool.Trim();
        Assert.Equal((0, 0), (pool.FreeBytes, pool.LiveBytes));
    }

    /// <summary>
    /// Run as it is this asks whether this process poisons; with the variable set (as one step of .ci/run does for all tests) a use after
    /// return is seen.
    /// </summary>
    [Fact]
    public unsafe void A_use_after_return_is_seen_where_buffers_are_poisoned()
    {
        bool asked = Environment.GetEnvironmentVariable(TensorPool.PoisonVariable) == "1";
        Assert.True(TensorPool.Poisons || !asked, "The variable is set, and the pool does not fill what is returned.");
        var pool = new TensorPool(new HandTime());
        float* used = (float*)pool.Rent(Size, out int sizeClass);
        new Span<float>(used, 100).Fill(1);
        pool.Return(used, sizeClass, Size);
        // The pool holds the memory: reading it is what a forgotten reference would do.
        Assert.Equal(TensorPool.Poisons, float.IsNaN(used[50]));
        pool.Trim();
    }

    /// <summary>The same in a process of its own, whose variable is set, whatever this one's is.</summary>
    [Fact]
    public void The_variable_switches_it_on()
    {
        if (Environment.GetEnvironmentVariable(TensorPool.PoisonVariable) == "1")
            return; // this is that process
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["vstest", typeof(TensorPoolTests).Assembly.Location, $"--Tests:{nameof(A_use_after_return_is_seen_where_buffers_are_poisoned)}"])
            start.ArgumentList.Add(argument);
        start.Environment[TensorPool.PoisonVariable] = "1";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0 && Regex.IsMatch(output, "Passed: +1,"), output);
    }

    private static unsafe void Use(TensorPool pool)
    {
        void* buffer = pool.Rent(Size, out int sizeClass);
        pool.Return(buffer, sizeClass, Size);
    }

    /// <summary>Time that passes when a test says so; one timer.</summary>
    private sealed class HandTime : TimeProvider, ITimer
    {
        private TimerCallback? _callback;
        private object? _state;
        private TimeSpan _period = Timeout.InfiniteTimeSpan;
        private TimeSpan _left;

        public bool Runs => _period != Timeout.InfiniteTimeSpan;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Assert.Null(_callback);
            (_callback, _state) = (callback, state);
            Change(dueTime, period);
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            (_left, _period) = (dueTime, period);
            return true;
        }

        public void Advance(TimeSpan time)
        {
            while (Runs && time >= _left)
            {
                time -= _left;
                _left = _period;
                _callback!(_state);
            }

            if (Runs)
                _left -= time;
        }

        public void Dispose() => _period = Timeout.InfiniteTimeSpan;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
