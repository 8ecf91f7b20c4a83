namespace Seriatim.Tensors;

/// <summary>A gated scan as the formulas say, row by row, in double. A row leaves what the kernels' cells leave.</summary>
internal static unsafe class GatedScanReference
{
    public static void Forward(in GatedScan scan, Tensor h, Tensor record)
    {
        for (int i = 0; i < scan.Rows.Segments.Count; i++)
        {
            RecurrenceSegment segment = scan.Rows.Segments[i];
            for (int row = 0; row < segment.Rows; row++)
            {
                int parent = segment.Parents is { } parents ? parents[row] : row - 1;
                Cell(scan, i, segment.FirstRow + row, parent < 0 ? -1 : segment.FirstRow + parent, h, record);
            }
        }
    }

    public static void Backward(
        in GatedScan scan, Tensor before, Tensor record, Tensor dy, Tensor dx, Tensor products, Tensor? begun)
    {
        float[][] weight = Rows(scan);
        for (int i = 0; i < scan.Rows.Segments.Count; i++)
        {
            RecurrenceSegment segment = scan.Rows.Segments[i];
            double[] carryH = new double[scan.Width], carryC = new double[scan.Width];
            for (int row = segment.FirstRow + segment.Rows - 1; row >= segment.FirstRow; row--)
            {
                for (int k = 0; k < scan.Width; k++)
                {
                    double dh = dy.Row(row)[k] + carryH[k];
                    if (scan.Cell == GatedCell.Lstm)
                    {
                        double c = CellBefore(scan, i, row > segment.FirstRow ? row - 1 : -1, k, record);
                        (carryH[k], carryC[k]) = (0, Lstm(scan.Width, k, dh, carryC[k], c, record.Row(row), dx.Row(row)));
                    }
                    else
                    {
                        carryH[k] = Gru(scan.Width, k, dh, before.Row(row)[k], record.Row(row), dx.Row(row), products.Row(row));
                    }
                }

                if (scan.Cell == GatedCell.Lstm)
                    dx.Row(row).CopyTo(products.Row(row));
                HandDown(weight, products.Row(row), carryH);
                AddTerm(scan, row, products.Row(row), carryH);
            }

            for (int k = 0; begun is not null && k < scan.Width; k++)
            {
                begun.Row(i)[k] = (float)carryH[k];
                if (scan.Parts > 1)
                    begun.Row(i)[scan.Width + k] = (float)carryC[k];
            }
        }
    }

    private static void Cell(in GatedScan scan, int segment, int row, int parent, Tensor h, Tensor record)
    {
        int width = scan.Width;
        double[] gates = Product(scan, segment, row, parent, h);
        float* state = scan.Beginning(segment);
        Span<float> x = scan.X.Row(row), left = record.Row(row);
        for (int k = 0; k < width; k++)
        {
            if (scan.Cell == GatedCell.Lstm)
            {
                double i = Sigmoid(x[k] + gates[k]), f = Sigmoid(x[width + k] + gates[width + k]);
                double g = Tanh(x[2 * width + k] + gates[2 * width + k]), o = Sigmoid(x[3 * width + k] + gates[3 * width + k]);
                double c = f * CellBefore(scan, segment, parent, k, record) + i * g;
                (left[k], left[width + k], left[2 * width + k]) = ((float)i, (float)f, (float)g);
                (left[3 * width + k], left[4 * width + k]) = ((float)o, (float)c);
                h.Row(row)[k] = (float)(o * Tanh(c));
                continue;
            }

            double r = Sigmoid(x[k] + gates[k]), z = Sigmoid(x[width + k] + gates[width + k]);
            double n = Tanh(x[2 * width + k] + r * gates[2 * width + k]);
            double old = parent >= 0 ? h.Row(parent)[k] : state == null ? 0 : state[k];
            (left[k], left[width + k]) = ((float)r, (float)z);
            (left[2 * width + k], left[3 * width + k]) = ((float)n, (float)gates[2 * width + k]);
            h.Row(row)[k] = (float)((1 - z) * n + z * old);
        }
    }

    /// <summary>W h + b of the state before a row, with what its group adds.</summary>
    private static double[] Product(in GatedScan scan, int segment, int row, int parent, Tensor h)
    {
        float[] old = new float[scan.Width], weight = new float[scan.Width];
        float* state = scan.Beginning(segment);
        if (parent >= 0)
            h.Row(parent).CopyTo(old);
        else if (state != null)
            new ReadOnlySpan<float>(state, scan.Width).CopyTo(old);
        double[] sums = new double[scan.Recurrent.Outputs];
        for (int o = 0; o < sums.Length; o++)
        {
            scan.Recurrent.ReadRow(o, weight);
            int output = o;
            if (scan.Groups?[row] is { } group && scan.Recurrent.TermOf(group, ref output) is { } term)
                term.AddRow(output, weight);
            sums[o] = scan.Recurrent.BiasOf(o);
            for (int k = 0; k < weight.Length; k++)
                sums[o] += (double)weight[k] * old[k];
        }

        return sums;
    }

    private static double Lstm(int width, int k, double dh, double carry, double before, Span<float> left, Span<float> dx)
    {
        double i = left[k], f = left[width + k], g = left[2 * width + k], o = left[3 * width + k];
        double t = Tanh(left[4 * width + k]);
        double dc = carry + dh * o * (1 - t * t);
        dx[k] = (float)(dc * g * i * (1 - i));
        dx[width + k] = (float)(dc * before * f * (1 - f));
        dx[2 * width + k] = (float)(dc * i * (1 - g * g));
        dx[3 * width + k] = (float)(dh * t * o * (1 - o));
        return dc * f;
    }

    private static double Gru(int width, int k, double dh, double before, Span<float> left, Span<float> dx, Span<float> product)
    {
        double r = left[k], z = left[width + k], n = left[2 * width + k], recurrent = left[3 * width + k];
        double dn = dh * (1 - z) * (1 - n * n);
        dx[k] = product[k] = (float)(dn * recurrent * r * (1 - r));
        dx[width + k] = product[width + k] = (float)(dh * (before - n) * z * (1 - z));
        dx[2 * width + k] = (float)dn;
        product[2 * width + k] = (float)(dn * r);
        return dh * z;
    }

    private static double CellBefore(in GatedScan scan, int segment, int parent, int k, Tensor record)
    {
        if (parent >= 0)
            return record.Row(parent)[4 * scan.Width + k];
        float* state = scan.Beginning(segment);
        return state == null ? 0 : state[scan.Width + k];
    }

    private static void HandDown(float[][] weight, ReadOnlySpan<float> product, double[] carry)
    {
        for (int o = 0; o < product.Length; o++)
        {
            for (int k = 0; k < carry.Length; k++)
                carry[k] += (double)product[o] * weight[o][k];
        }
    }

    private static void AddTerm(in GatedScan scan, int row, ReadOnlySpan<float> product, double[] carry)
    {
        if (scan.Groups?[row] is not { } group)
            return;
        float[] weight = new float[scan.Width];
        for (int o = 0; o < product.Length; o++)
        {
            int output = o;
            if (scan.Recurrent.TermOf(group, ref output) is not { } term)
                return;
            Array.Clear(weight);
            term.AddRow(output, weight);
            for (int k = 0; k < carry.Length; k++)
                carry[k] += (double)product[o] * weight[k];
        }
    }

    private static float[][] Rows(in GatedScan scan)
    {
        float[][] rows = new float[scan.Recurrent.Outputs][];
        for (int o = 0; o < rows.Length; o++)
            scan.Recurrent.ReadRow(o, rows[o] = new float[scan.Width]);
        return rows;
    }

    private static double Sigmoid(double x) => ActivationMath.Value(Activation.Sigmoid, x);

    private static double Tanh(double x) => ActivationMath.Value(Activation.Tanh, x);
}
