namespace Seriatim.Tensors;

/// <content>The gradients of input, weight and bias.</content>
internal static unsafe partial class DenseProduct<T>
{
    /// <summary><c>dx[n,k] (+)= Σ_o dy[n,o] W[o,k]</c> over the outputs of some panels, o in sequence.</summary>
    /// <param name="team">Who works.</param>
    /// <param name="packedDy">dy of those outputs, packed by <see cref="PackRows"/>.</param>
    /// <param name="rows">Number of rows, N.</param>
    /// <param name="weight">W.</param>
    /// <param name="firstPanel">First panel.</param>
    /// <param name="outputs">Number of outputs from the first panel on.</param>
    /// <param name="dx">Result <c>[N, I]</c>.</param>
    /// <param name="accumulate">Whether to go on from what dx holds.</param>
    public static void BackwardInput(
        WorkerTeam team, float* packedDy, int rows, DenseWeight weight, int firstPanel, int outputs, float* dx, bool accumulate)
    {
        if (rows == 0)
            return;
        int blocks = (weight.Inputs + Panel - 1) / Panel;
        var work = new BackwardInputWork
        {
            Team = team,
            Packed = packedDy,
            Weight = weight,
            Rows = rows,
            FirstPanel = firstPanel,
            Outputs = outputs,
            Dx = dx,
            Accumulate = accumulate,
            BlocksPerPiece = PerPiece(blocks, (long)rows * outputs * Panel, rows, team.Threads),
            Blocks = blocks,
        };
        team.Run((blocks + work.BlocksPerPiece - 1) / work.BlocksPerPiece, ref work);
    }

    /// <summary>
    /// <c>dW[o,k] += Σ_n dy[n,o] x[n,k]</c> and <c>db[o] += Σ_n dy[n,o]</c> for some panels, n in sequence. With <c>sets</c>, dW
    /// starts at zero instead of at what its memory holds (<see cref="Parameter.SetsGradient"/>).
    /// </summary>
    public static void BackwardWeight(
        WorkerTeam team, float* packedX, int rows, DenseWeight weight, int firstPanel, int outputs, float* dy,
        nint dyStride, bool sets)
    {
        bool matrix = weight.Matrix.Trainable;
        bool bias = weight.Bias is { Trainable: true };
        if (rows == 0 || (!matrix && !bias))
            return;
        int panels = (outputs + Panel - 1) / Panel;
        var work = new BackwardWeightWork
        {
            Team = team,
            Packed = packedX,
            Gradient = matrix ? weight.Matrix.GradientOrZeros().Floats : null,
            Bias = bias ? weight.Bias!.GradientOrZeros().Floats : null,
            Inputs = weight.Inputs,
            Rows = rows,
            FirstPanel = firstPanel,
            Outputs = outputs,
            Dy = dy,
            DyStride = dyStride,
            Sets = sets,
            PanelsPerPiece = PerPiece(panels, (long)rows * weight.Inputs * Panel, rows, team.Threads),
            Panels = panels,
        };
        team.Run((panels + work.PanelsPerPiece - 1) / work.PanelsPerPiece, ref work);
    }

    /// <summary>Outputs whose weights are turned at a time, once for all rows: bounds the scratch memory.</summary>
    private const int TurnedOutputs = 2048;

    private struct BackwardInputWork : IWork
    {
        public WorkerTeam Team;
        public DenseWeight Weight;
        public float* Packed;
        public float* Dx;
        public int Rows, FirstPanel, Outputs, Blocks, BlocksPerPiece;
        public bool Accumulate;

        public readonly void Do(int piece, int worker)
        {
            int first = piece * BlocksPerPiece;
            int end = Math.Min(Blocks, first + BlocksPerPiece);
            int chunk = Math.Min(TurnedOutputs, (Outputs + DepthBlock - 1) / DepthBlock * DepthBlock);
            Scratch scratch = Team.ScratchOf(worker);
            float* tile = scratch.Take(TileFloats), widened = scratch.Take(Panel * Panel);
            float* turned = scratch.Take((end - first) * (long)chunk * Panel);
            for (int start = 0; start < Outputs; start += chunk)
            {
                int outputs = Math.Min(chunk, Outputs - start);
                for (int o = 0; o < outputs; o += Panel)
                {
                    // Neighbouring blocks of one panel lie side by side in memory.
                    for (int block = first; block < end; block++)
                        Turn(block * Panel, start + o, widened, turned + ((long)(block - first) * chunk + o) * Panel);
                }

                for (int row = 0; row < Rows; row += RowBlock(Rows))
                {
                    for (int o = 0; o < outputs; o += DepthBlock)
                    {
                        for (int block = first; block < end; block++)
                        {
                            float* b = turned + ((long)(block - first) * chunk + o) * Panel;
                            Block(block * Panel, row, start + o, Math.Min(DepthBlock, outputs - o), b, tile);
                        }
                    }
                }
            }
        }

        /// <summary>Turns <c>[columns][32 outputs]</c> of a panel into <c>[32 outputs][32 columns]</c>.</summary>
        private readonly void Turn(int firstInput, int o, float* scratch, float* b)
        {
            int columns = Math.Min(Panel, Weight.Inputs - firstInput);
            if (columns < Panel)
                new Span<float>(b, Panel * Panel).Clear();
            float* from = PanelBlock(Weight, FirstPanel + o / Panel, firstInput, columns, scratch);
            Transpose.Block(from, Panel, columns, Panel, b, Panel);
        }

        private readonly void Block(int firstInput, int firstRow, int o, int depth, float* b, float* tile)
        {
            int inputs = Weight.Inputs;
            int rows = Math.Min(RowBlock(Rows), Rows - firstRow);
            int columns = Math.Min(Panel, inputs - firstInput);
            float* dx = Dx + (long)firstRow * inputs + firstInput;
            TileStart start = o == 0 && !Accumulate ? TileStart.Zero : new TileStart(dx, inputs);
            AddRows(Packed + (long)firstRow * Outputs, rows, Outputs, o, depth, b, start, dx, inputs, columns, tile);
        }
    }

    private struct BackwardWeightWork : IWork
    {
        public WorkerTeam Team;
        public float* Packed;
        public float* Gradient;
        public float* Bias;
        public float* Dy;
        public nint DyStride;
        public int Inputs, Rows, FirstPanel, Outputs, Panels, PanelsPerPiece;
        public bool Sets;

        public readonly void Do(int piece, int worker)
        {
            int first = piece * PanelsPerPiece;
            int end = Math.Min(Panels, first + PanelsPerPiece);
            Scratch scratch = Team.ScratchOf(worker);
            float* tile = scratch.Take(TileFloats), b = scratch.Take((long)(end - first) * Rows * Panel);
            Pack(first, end, b);
            for (int p = first; Bias != null && p < end; p++)
            {
                AddBias(b + (long)(p - first) * Rows * Panel, Bias + (FirstPanel + p) * Panel,
                    Math.Min(Panel, Outputs - p * Panel));
            }
            if (Gradient == null)
                return;
            for (int k = 0; k < Inputs; k += DepthBlock)
            {
                for (int n = 0; n < Rows; n += DepthBlock)
                {
                    for (int p = first; p < end; p++)
                        AddMatrix(p, k, n, b + (long)(p - first) * Rows * Panel, tile);
                }
            }
        }

        /// <summary>Each panel's columns of dy side by side, <c>[panels][N][32]</c>, in one sweep over the rows.</summary>
        private readonly void Pack(int first, int end, float* b)
        {
            for (int n = 0; n < Rows; n++)
            {
                for (int p = first; p < end; p++)
                {
                    float* from = Dy + n * DyStride + p * Panel;
                    float* to = b + ((long)(p - first) * Rows + n) * Panel;
                    int columns = Math.Min(Panel, Outputs - p * Panel);
                    if (columns == Panel)
                    {
                        T.Store(T.Load(from), to);
                        T.Store(T.Load(from + 16), to + 16);
                        continue;
                    }

                    for (int j = 0; j < Panel; j++)
                        to[j] = j < columns ? from[j] : 0;
                }
            }
        }

        private readonly void AddBias(float* b, float* bias, int columns)
        {
            T first = RowKernel.Load<T>(bias, columns);
            T second = RowKernel.Load<T>(bias + 16, columns - 16);
            for (int n = 0; n < Rows; n++)
            {
                first += T.Load(b + n * Panel);
                second += T.Load(b + n * Panel + 16);
            }

            RowKernel.Store(first, bias, columns);
            if (columns > 16)
                RowKernel.Store(second, bias + 16, columns - 16);
        }

        private readonly void AddMatrix(int p, int firstInput, int n, float* b, float* tile)
        {
            float* gradient = Gradient + (long)(FirstPanel + p) * Inputs * Panel;
            int depth = Math.Min(DepthBlock, Rows - n);
            for (int k = firstInput; k < Math.Min(Inputs, firstInput + DepthBlock); k += 8)
            {
                float* a = Packed + ((long)(k / 8) * Rows + n) * 8, c = gradient + k * Panel;
                AddTile<PanelElements.Single>(8, Math.Min(8, Inputs - k), Panel, depth, a, (byte*)(b + n * Panel),
                    Sets && n == 0 ? TileStart.Zero : new TileStart(c, Panel), c, Panel, tile);
            }
        }
    }
}
