#if TORCH
using System.Diagnostics;
using System.Runtime.InteropServices;
using Seriatim.Training.Benchmarks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Seriatim.Peers;

/// <summary>PyTorch's library in this process, by way of TorchSharp: the same model, batch and step.</summary>
internal sealed class TorchSharpTrainer : IContender
{
    private readonly Gpt _model;
    private readonly AdamW _optimizer;
    private readonly Tensor _ids;
    private readonly Tensor _labels;
    private readonly int _vocabulary;

    public TorchSharpTrainer(StepCase step, int threads)
    {
        RequireLibrary();
        Version = $"{Build.Of(typeof(torch).Assembly)}, libtorch {torch.__version__}";
        torch.set_num_threads(threads);
        torch.random.manual_seed(1);
        _vocabulary = step.Vocabulary;
        _model = new Gpt(step);
        _optimizer = optim.AdamW(_model.parameters(), lr: 1e-4, weight_decay: 0.1);
        _ids = randint(step.Vocabulary, [step.Sequences, step.Length]);
        _labels = randint(step.Vocabulary, [step.Sequences * step.Length]);
    }

    public string Version { get; }

    public double[] Run()
    {
        long start = Stopwatch.GetTimestamp();
        using (NewDisposeScope())
        {
            Tensor loss = functional.cross_entropy(_model.forward(_ids).view(-1, _vocabulary), _labels);
            loss.backward();
            nn.utils.clip_grad_norm_(_model.parameters(), 1);
            _optimizer.step();
            _optimizer.zero_grad();
        }

        return [Stopwatch.GetElapsedTime(start).TotalSeconds];
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        _ids.Dispose();
        _labels.Dispose();
    }

    /// <summary>
    /// TorchSharp says of any library that does not load that it is not referenced; the system says what is wrong with it.
    /// </summary>
    private static void RequireLibrary()
    {
        string name = OperatingSystem.IsWindows() ? "LibTorchSharp.dll"
            : OperatingSystem.IsMacOS() ? "libLibTorchSharp.dylib" : "libLibTorchSharp.so";
        string? path = Directory.EnumerateFiles(AppContext.BaseDirectory, name, SearchOption.AllDirectories).FirstOrDefault();
        if (path is null)
            return;
        try
        {
            NativeLibrary.Load(path);
        }
        catch (DllNotFoundException failure) when (failure.Message.Contains("GLIBCXX", StringComparison.Ordinal))
        {
            throw new InvalidOperationException("libtorch needs a newer libstdc++ than this system has (GLIBCXX_3.4.32, of GCC 13); "
                + "put one into a folder of LD_LIBRARY_PATH");
        }
    }

    private sealed class Gpt : Module<Tensor, Tensor>
    {
        private readonly Embedding _tokens;
        private readonly Embedding _positions;
        private readonly ModuleList<Block> _blocks = new();
        private readonly LayerNorm _norm;

        public Gpt(StepCase step)
            : base("gpt")
        {
            (_tokens, _positions) = (Embedding(step.Vocabulary, step.Width), Embedding(step.Context, step.Width));
            _norm = LayerNorm(step.Width);
            for (int i = 0; i < step.Layers; i++)
                _blocks.Add(new Block(step.Width, step.Heads));
            RegisterComponents();
        }

        public override Tensor forward(Tensor ids)
        {
            Tensor x = _tokens.forward(ids) + _positions.forward(arange(ids.shape[1]));
            foreach (Block block in _blocks)
                x = block.forward(x);
            return functional.linear(_norm.forward(x), _tokens.weight!);
        }
    }

    private sealed class Block : Module<Tensor, Tensor>
    {
        private readonly LayerNorm _norm1;
        private readonly LayerNorm _norm2;
        private readonly Linear _qkv;
        private readonly Linear _out;
        private readonly Linear _up;
        private readonly Linear _down;
        private readonly int _heads;

        public Block(int width, int heads)
            : base("block")
        {
            (_norm1, _norm2, _heads) = (LayerNorm(width), LayerNorm(width), heads);
            (_qkv, _out) = (Linear(width, 3 * width), Linear(width, width));
            (_up, _down) = (Linear(width, 4 * width), Linear(4 * width, width));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            (long batch, long length, long width) = (x.shape[0], x.shape[1], x.shape[2]);
            Tensor[] parts = [.. _qkv.forward(_norm1.forward(x)).chunk(3, 2)
                .Select(part => part.view(batch, length, _heads, -1).transpose(1, 2))];
            Tensor mixed = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_casual: true);
            x = x + _out.forward(mixed.transpose(1, 2).reshape(batch, length, width));
            return x + _down.forward(functional.gelu(_up.forward(_norm2.forward(x))));
        }
    }
}
#endif
